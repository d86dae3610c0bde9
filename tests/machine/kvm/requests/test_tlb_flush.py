"""KVM_REQ_TLB_FLUSH."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, V4_3, V4_4, V6_12, Machine, cleared, flushes, served
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import ROOT_MMU


@pytest.mark.parametrize(("name", "left"), [(V4_3, False), (V4_4, True), (V6_12, False)])
def test_whose_mappings_outlive_it_while_l2_is_active(name: str, left: bool) -> None:
    """I-23: until the series of 2020 only vpid01 and the current root's EPTP were flushed, so what L1 has cached may stay.

    On v4.3 the nested entry itself has flushed EPTP01 before.
    """
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    tag = m.tag(ROOT_MMU)
    m.run("load 0x400000", "vmresume")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    m.run("mov cr0, 0x80050031")
    assert any(key.ep4ta == tag for key, _ in m.kvm.hw.tlb[0].items()) == left


def test_it_is_counted_and_makes_the_flush_of_the_current_context_needless() -> None:
    m = Machine()
    m.run("nop")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    before = m.stat("tlb_flush")
    events = m.run("cpuid")
    assert (served(events), cleared(events), flushes(events)) == (["TLB_FLUSH"], ["TLB_FLUSH_CURRENT"], ["invept all-context"])
    assert m.stat("tlb_flush") == before + 1
