"""afa61f752ba6: L1 is offered EPT."""

from __future__ import annotations

import pytest

from kvm_support import EPT12, EPTP_BITS, L2_PAGE, VMCS, Machine, entered, exits, flushes, names, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID

OLD = ("v3.1", "v3.2")


def test_the_question() -> None:
    assert [kernel(name).offers_ept_to_l1() for name in ("afa61f752ba6^", "afa61f752ba6")] == [False, True]


@pytest.mark.parametrize("name", OLD)
def test_neither_ept_nor_vpid_is_offered(name: str) -> None:
    """E.1: E11."""
    m = Machine(name).given_vmx()
    m.given_l2(VMCS, vpid=None, eptp=EPT12 | EPTP_BITS)
    assert results(m.enter()) == ["vmlaunch 7"]
    m.given_l2(0x6000, vpid=1, eptp=None, SECONDARY_VM_EXEC_CONTROL=SEC_ENABLE_VPID)
    assert results(m.enter(0x6000)) == ["vmlaunch 7"]
    for insn in ("invept all-context", "invvpid all-context"):
        assert "ExceptionInjected" in names(m.run(insn))


@pytest.mark.parametrize("name", OLD)
def test_an_l2_shares_the_vpid_and_both_directions_flush(name: str) -> None:
    """E.2: E11; the first flush of the entry hits the old root, the last the new one."""
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=None)
    events = m.enter()
    assert entered(events) == [m.vcpu.vpid]
    assert flushes(events).count(f"invvpid single-context {m.vcpu.vpid}") >= 2
    m.run(f"load {L2_PAGE:#x}")
    events = m.run("vmcall")
    assert exits(events)[-1] == 18
    assert flushes(events)[0] == f"invvpid single-context {m.vcpu.vpid}"
