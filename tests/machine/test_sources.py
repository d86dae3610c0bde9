"""Where a decision is found in the source: in the source of the kernel that runs, not in that of another one."""

from __future__ import annotations

import re

import pytest

from kvm_support import EPT12, L1_PAGE, L2_PAGE, Machine, of
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import VERSIONS, missing_from, release_of
from kvmdbg.machine.kvm.events import Decided

RELEASES = [version.name for version in VERSIONS]
STORY = (f"load {L2_PAGE:#x}", "host irq 0x80", "host nmi", "host request TLB_FLUSH", "vmcall", "host migrate 1",
         "invept all-context", "vmresume", "host preempt", "host steal-time 0x9000", "vmcall", "host unmap 0x60", "mov cr3, 0x1000",
         f"invlpg {L1_PAGE:#x}", "vmwrite VIRTUAL_PROCESSOR_ID, 2", "vmresume", "cpuid", "host age 0x60", "vmxoff",
         "host set-sregs cr3=0x1000")


def told(m: Machine) -> list[Decided]:
    """Every decision of a rich session, as far as the kernel survives it."""
    start = m.kvm.tape.cursor
    era, config = m.kvm.era, m.kvm.config
    m.given_vmx().given_l2(vpid=1 if era.offers_vpid_to_l1(True) and config.enable_vpid else None,
                           eptp=EPT12 if era.offers_ept_to_l1() and config.enable_ept else None).enter()
    for text in STORY:
        if m.vcpu.exit_to_user:
            break
        m.host(text.removeprefix("host ")) if text.startswith("host ") else m.run(text)
    return of(m.since(start), Decided)


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("config", [{}, {"enable_ept": False}, {"enable_vpid": False}], ids=["ept vpid", "vpid", "ept"])
def test_a_decision_cites_what_the_kernel_has(name: str, config: dict[str, bool]) -> None:
    lacks = missing_from(name)
    decided = told(Machine(name, cpus=2, **config))
    assert len(decided) > 10
    for source in {event.source for event in decided}:
        for digits in re.findall(r"\b[0-9a-f]{12}\b", source):
            assert digits in COMMITS.names() and digits not in lacks, source
        if "nested.c" in source and release_of(name) < (5, 0):
            assert "vmx.c" in source, source
