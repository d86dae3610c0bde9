"""KVM_REQ_MMU_SYNC."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L2_PAGE, V4_4, V6_12, Machine, made, served, values
from kvmdbg.machine.kvm.kvm_host import kvm_make_request


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_it_brings_the_current_root_up_to_date(name: str) -> None:
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}")
    m.poke(0x7_0000, 9)
    m.set("ept12", DATA, 0x7_0037)
    kvm_make_request(m.kvm, m.vcpu, "MMU_SYNC", "a test")
    events = m.run("mov cr0, 0x80050031")                # an exit that L0 handles
    assert served(events)[:2] == ["MMU_SYNC", "TLB_FLUSH"]
    assert "TLB_FLUSH" in made(events)
    assert not any(page.unsync for _, page in m.kvm.shadow_pages.items())
    assert values(m.run(f"load {L2_PAGE:#x}")) == [9]


def test_a_direct_root_has_nothing_to_sync() -> None:
    m = Machine()
    m.run("nop")
    kvm_make_request(m.kvm, m.vcpu, "MMU_SYNC", "a test")
    events = m.run("cpuid")
    assert (served(events), made(events)) == (["MMU_SYNC"], [])
