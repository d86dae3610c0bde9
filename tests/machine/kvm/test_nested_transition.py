"""The flush that a transition between L1 and L2 owes, and the root that it loads, of each kernel (E.2, E.3)."""

from __future__ import annotations

import pytest

from kvm_support import (
    KERNELS,
    L1_PAGE,
    L2_PAGE,
    V4_3,
    V4_4,
    V6_12,
    VMXON_REGION,
    Machine,
    decided,
    entered,
    exits,
    flushes,
    made,
    of,
    served,
    two_l2s,
    values,
)
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm.events import (
    FlushAsked,
    RequestMade,
)
from kvmdbg.machine.kvm.state import GUEST_MMU

LOAD = f"load {L2_PAGE:#x}"


def test_v6_12_an_unchanged_vpid12_asks_for_no_flush() -> None:
    m = two_l2s(V6_12)
    events = m.run("vmresume")
    assert decided(events, "nested_vmx_transition_tlb_flush") == [
        ("no", "last_vpid 1 == vpid12 1; enable_ept=1: L2 has its own EPTP")]
    assert (made(events), served(events), flushes(events)) == (["LOAD_MMU_PGD"], ["LOAD_MMU_PGD"], [])
    assert exits(m.run(LOAD)) == []


def test_v6_12_a_changed_vpid12_is_a_guest_flush_of_vpid02_after_the_root_is_loaded() -> None:
    m = two_l2s(V6_12)
    assert m.cached(COMBINED, L2_PAGE) == [(2, m.tag(GUEST_MMU))]
    m.run("vmwrite VIRTUAL_PROCESSOR_ID, 7")
    events = m.run("vmresume")
    assert decided(events, "nested_vmx_transition_tlb_flush") == [("yes: KVM_REQ_TLB_FLUSH_GUEST", "vpid12 7 != last_vpid 1")]
    assert made(events) == ["TLB_FLUSH_GUEST", "LOAD_MMU_PGD"]
    assert served(events) == ["LOAD_MMU_PGD", "TLB_FLUSH_GUEST"]
    assert decided(events, "vmx_get_current_vpid") == [("2", "L2 is active, vmcs12 enables VPID")]
    assert flushes(events) == ["invvpid single-context 2"]
    assert (m.cached(COMBINED, L2_PAGE), m.vcpu.last_vpid) == ([], 7)


def test_v6_12_exits_flush_nothing_while_vmcs12_has_a_vpid() -> None:
    m = Machine(V6_12).start()
    events = m.run("vmcall")
    assert decided(events, "nested_vmx_transition_tlb_flush") == [("no", "vmcs12 enables VPID; enable_ept=1: L2 has its own EPTP")]
    assert flushes(events) == []


@pytest.mark.parametrize("enable_vpid", [True, False])
def test_v6_12_without_vpid12_both_ways_are_guest_flushes_of_vpid01(enable_vpid: bool) -> None:
    m = two_l2s(V6_12, first=None, enable_vpid=enable_vpid)
    for insn in ("vmresume", "vmcall"):
        events = m.run(insn)
        assert "TLB_FLUSH_GUEST" in made(events)
        assert [flush for flush in flushes(events) if "vm" not in flush.split()[0]] == (
            ["invvpid single-context 1"] if enable_vpid else [])


def test_v6_12_the_root_comes_before_the_transition_at_exit_and_after_it_at_entry() -> None:
    """J.2.7."""
    m = Machine(V6_12).given_vmx().given_l2(vpid=None)
    m.enter()
    m.run("vmcall")
    assert made(m.run("vmresume"))[:2] == ["TLB_FLUSH_GUEST", "LOAD_MMU_PGD"]
    assert made(m.run("vmcall")) == ["LOAD_MMU_PGD", "TLB_FLUSH_GUEST"]


def test_v6_12_last_vpid_survives_vmxoff() -> None:
    """I-33: a vpid02 that may have been another's is taken for clean."""
    m = two_l2s(V6_12)
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert m.vcpu.last_vpid == 1
    events = m.enter()
    assert "TLB_FLUSH_GUEST" not in made(events)


def test_v4_4_a_new_vpid12_flushes_vpid02_and_the_old_root_at_once() -> None:
    m = Machine(V4_4).given_vmx().given_l2()
    old = m.tag()
    events = m.enter()
    assert decided(events, "prepare_vmcs02")[1] == ("yes: vpid02 2", "last_vpid 0 != vpid12 1")
    assert [event.hook for event in of(events, FlushAsked)] == ["__vmx_flush_tlb", "tlb_flush", "vmx_set_cr3"]
    assert flushes(events) == [
        "invvpid single-context 2", f"invept single-context {old:#x}",             # the transition: EPTP01!
        "invvpid single-context 1",                                                 # vmcs02 is new here: no root by now
        "invvpid single-context 1", f"invept single-context {m.tag():#x}"]          # vmx_set_cr3() of the new root
    assert m.tag() != old


def test_v4_4_an_unchanged_vpid12_flushes_by_the_root_load_only() -> None:
    m = two_l2s(V4_4)
    events = m.run("vmresume")
    assert ("no", "last_vpid 1 == vpid12 1") in decided(events, "prepare_vmcs02")
    assert flushes(events)[-2:] == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]
    assert "invvpid single-context 2" not in flushes(events)


def test_v4_4_exits_always_flush_vpid01_without_a_root() -> None:
    m = Machine(V4_4).start()
    events = m.run("vmcall")
    (exit_flush,) = [event for event in of(events, FlushAsked) if event.by == "nested exit"]
    after = events[events.index(exit_flush):]
    assert flushes(after)[0] == "invvpid single-context 1"
    assert decided(after, "__vmx_flush_tlb")[0] == ("no", "the root is invalid")
    assert flushes(after)[-2:] == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]


@pytest.mark.parametrize("name", [V4_3, V4_4])
def test_old_kernels_take_an_unchanged_cr3_for_a_flush(name: str) -> None:
    """D: kvm_set_cr3() compares; at the exit L1's CR3 is what it was."""
    m = Machine(name).start()
    events = m.run("vmcall")
    assert ("TLB_FLUSH", "kvm_set_cr3") in [(event.name, event.by) for event in of(events, RequestMade)]
    m.run("mov cr3, 0x2000", "vmresume")
    events = m.run("vmcall")
    assert ("TLB_FLUSH", "kvm_set_cr3") not in [(event.name, event.by) for event in of(events, RequestMade)]
    assert m.cpu.cr3 == 0x1000


def test_v4_4_vpid12_0_is_the_vpid_that_last_vpid_starts_with() -> None:
    """No test against 0: the first entry with it flushes nothing (E.2)."""
    m = Machine(V4_4).given_vmx().given_l2(vpid=0)
    events = m.enter()
    assert ("no", "last_vpid 0 == vpid12 0") in decided(events, "prepare_vmcs02")
    assert entered(events) == [2]


def test_v4_4_without_vpid12_l2_shares_vpid01() -> None:
    m = Machine(V4_4).given_vmx().given_l2(vpid=None)
    old = m.tag()
    events = m.enter()
    assert flushes(events)[:2] == ["invvpid single-context 1", f"invept single-context {old:#x}"]
    assert entered(events) == [1]


def test_v4_3_l1_and_l2_share_vpid01_and_both_ways_flush_it() -> None:
    m = Machine(V4_3).given_vmx().given_l2()
    old = m.tag()
    events = m.enter()
    assert entered(events) == [1]
    assert ("yes: vpid01 1", "L1 and L2 share vpid01") in decided(events, "prepare_vmcs02")
    assert flushes(events)[:2] == ["invvpid single-context 1", f"invept single-context {old:#x}"]
    assert flushes(m.run("vmcall"))[0] == "invvpid single-context 1"


@pytest.mark.parametrize("name", KERNELS)
def test_without_enable_vpid_the_processor_flushes_vpid_0(name: str) -> None:
    m = Machine(name, enable_vpid=False).given_vmx().given_l2(vpid=None)
    events = m.enter()
    assert entered(events) == [0]
    assert not [flush for flush in flushes(events) if flush.startswith("invvpid")]
    assert flushes(events)[0] == "vm exit 0"
    assert flushes(events)[-1] == "vm entry 0"
    assert values(m.run(LOAD)) == [0]
    m.run("vmcall")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]
