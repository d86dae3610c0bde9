"""Entering and leaving L2: vmcs02, the order of effects, and the flushes of each kernel (E.2, E.3)."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import (
    KERNELS,
    L1_PAGE,
    L2_CR3,
    L2_PAGE,
    OTHER_VMCS,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    VMXON_REGION,
    Machine,
    decided,
    entered,
    exits,
    flushes,
    made,
    of,
    results,
    served,
    since,
    values,
)
from kvmdbg.machine.hw.controls import CPU_CR3_LOAD_EXITING, CPU_HLT_EXITING, CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.events import Delivered, VmEntered, VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm.events import (
    FlushAsked,
    NestedEntered,
    NestedEntryFailed,
    NestedExited,
    RequestMade,
    RequestServiced,
    RootAllocated,
)
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import GUEST_MMU, HALTED, ROOT_MMU, VMCS01, VMCS02

OTHER_CR3 = L2_CR3 + 0x1_0000
LOAD = f"load {L2_PAGE:#x}"


def two_l2s(name: str, first: int | None = 1, second: int | None = 2, **config: Any) -> Machine:
    """Two VMCSs under one EPT12; the first has been launched and has read its page; L1 runs."""
    m = Machine(name, **config).given_vmx().given_l2(VMCS, first).given_l2(OTHER_VMCS, second)
    m.run(f"vmclear {OTHER_VMCS:#x}")
    m.enter()
    m.run(LOAD, "vmcall")
    return m


# -- v6.12 -------------------------------------------------------------------------------------------------------------


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


def test_v6_12_serves_pending_flushes_while_the_old_context_is_current() -> None:
    """E.2, E.3: what was asked for L1 hits vpid01 even though L2 is entered next, and the other way round."""
    m = two_l2s(V6_12)
    for insn, vpid, tag in (("vmresume", 1, ROOT_MMU), ("vmcall", 2, GUEST_MMU)):
        root = m.tag(tag)
        for name in ("TLB_FLUSH_GUEST", "TLB_FLUSH_CURRENT"):
            kvm_make_request(m.kvm, m.vcpu, name, "a test")
        events = m.run(insn)
        boundary = next(i for i, event in enumerate(events) if isinstance(event, (NestedEntered, NestedExited)))
        assert flushes(events[:boundary]) == [f"invept single-context {root:#x}", f"invvpid single-context {vpid}"]
        assert [event.name for event in of(events[:boundary], RequestServiced)] == ["TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST"]
        assert flushes(events[boundary:]) == []


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


# -- v4.4 --------------------------------------------------------------------------------------------------------------


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


# -- v4.3 --------------------------------------------------------------------------------------------------------------


def test_v4_3_l1_and_l2_share_vpid01_and_both_ways_flush_it() -> None:
    m = Machine(V4_3).given_vmx().given_l2()
    old = m.tag()
    events = m.enter()
    assert entered(events) == [1]
    assert ("yes: vpid01 1", "L1 and L2 share vpid01") in decided(events, "prepare_vmcs02")
    assert flushes(events)[:2] == ["invvpid single-context 1", f"invept single-context {old:#x}"]
    assert flushes(m.run("vmcall"))[0] == "invvpid single-context 1"


# -- every kernel ------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", KERNELS)
def test_the_first_nested_entry_flushes_everything_for_vmcs02(name: str) -> None:
    """J.2.4; and again after VMXOFF and VMXON, which make a new vmcs02."""
    m = two_l2s(name)
    by = [(event.name, event.by) for event in of(m.since(0), RequestMade)]
    assert by.count(("TLB_FLUSH", "vmx_vcpu_load_vmcs")) == 2
    assert "vmx_vcpu_load_vmcs" not in [event.by for event in of(m.run("vmresume", "vmcall"), RequestMade)]
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert "vmx_vcpu_load_vmcs" in [event.by for event in of(m.enter(), RequestMade)]


@pytest.mark.parametrize("name", KERNELS)
def test_a_vmcs02_made_anew_remembers_nothing(name: str) -> None:
    m = two_l2s(name)
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert [key for key in m.kvm.hw.vmcs if key[0] == m.vcpu.vmcs02] == []


@pytest.mark.parametrize("name", KERNELS)
def test_l2_runs_with_its_own_state_and_l1_goes_on_where_vmcs12_says(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(GUEST_RIP=0x7000, HOST_RIP=0x9000, HOST_RSP=0xA000)
    m.enter()
    assert (m.cpu.rip, m.cpu.cr3, m.vcpu.loaded_vmcs, m.vcpu.guest_mode) == (0x7000, L2_CR3, VMCS02, True)
    m.run("nop", "vmcall")
    assert (m.cpu.rip, m.cpu.rsp, m.cpu.cr3, m.vcpu.loaded_vmcs, m.vcpu.guest_mode) == (0x9000, 0xA000, 0x1000, VMCS01, False)
    assert (m.vmread("GUEST_RIP"), m.vmread("VM_EXIT_REASON"), m.vmread("VM_EXIT_INSTRUCTION_LEN")) == (0x7003, 18, 3)


@pytest.mark.parametrize("name", KERNELS)
def test_events_tell_who_is_the_guest(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(vpid=9)
    assert of(m.enter(), NestedEntered) == [NestedEntered(0, VMCS, 0 if name == V4_3 else 9)]
    assert m.stat("guest_mode") == (name in since("v5.14"))
    assert of(m.run("vmcall"), NestedExited) == [NestedExited(0, 18, 0)]
    assert m.stat("guest_mode") == 0


@pytest.mark.parametrize(("name", "counted"), [(V4_4, 0), (V6_12, 2)])
def test_nested_run_counts_entries_that_ran(name: str, counted: int) -> None:
    m = two_l2s(name)
    m.run("vmresume")
    assert m.vcpu.nested_run_pending
    m.run("vmcall")
    assert (m.stat("nested_run"), m.vcpu.nested_run_pending) == (counted, False)


@pytest.mark.parametrize("name", KERNELS)
def test_what_l2_changes_is_found_in_vmcs12(name: str) -> None:
    m = Machine(name).start()
    m.run("mov cr3, 0x48000", "mov cr4, 0x20a0", "mov cr4, 0x2020", "vmcall")
    assert (m.vmread("GUEST_CR3"), m.vmread("GUEST_CR4")) == (0x4_8000, 0x2020)


@pytest.mark.parametrize("name", KERNELS)
def test_bits_that_l1_owns_come_back_as_l1_wrote_them(name: str) -> None:
    """CR4.PGE is L1's: L2 reads 0 from the shadow while it runs with 1."""
    m = Machine(name).given_vmx().given_l2(CR4_GUEST_HOST_MASK=0x80, CR4_READ_SHADOW=0x2020, GUEST_CR4=0x20A0)
    m.enter()
    m.run("mov rax, cr4")
    assert (m.cpu.rax, m.cpu.cr4 & 0x80) == (0x2020, 0x80)
    m.run("vmcall")
    assert m.vmread("GUEST_CR4") == 0x20A0


@pytest.mark.parametrize("name", KERNELS)
def test_an_event_of_vmcs12_is_delivered_to_l2_once(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(VM_ENTRY_INTR_INFO_FIELD=0x8000_0306)
    assert [(event.vector, event.type) for event in of(m.enter(), Delivered)] == [(6, 3)]
    m.run("vmcall")
    assert m.vmread("VM_ENTRY_INTR_INFO_FIELD") == 0x306
    assert of(m.run("vmresume"), Delivered) == []


@pytest.mark.parametrize("name", KERNELS)
def test_bad_guest_state_is_an_exit_and_l1_goes_on(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(GUEST_ACTIVITY_STATE=7, HOST_RIP=0x9000)
    events = m.enter()
    assert results(events) == []
    assert of(events, NestedEntered, NestedExited, NestedEntryFailed) == [NestedEntryFailed(0, 0x8000_0021, 0)]
    assert [event.error for event in of(events, VmEntryFailed)] == [0x8000_0021]
    assert (m.vcpu.guest_mode, m.vcpu.nested_run_pending, m.vcpu.loaded_vmcs, m.cpu.rip) == (False, False, VMCS01, 0x9000)
    assert m.vmread("VM_EXIT_REASON") == 0x8000_0021
    m.run("vmwrite GUEST_ACTIVITY_STATE, 0")
    assert results(m.run("vmresume")) == ["vmresume 5"]            # it was never launched
    assert len(of(m.run("vmlaunch"), NestedEntered)) == 1


@pytest.mark.parametrize("name", KERNELS)
def test_guest_state_that_kvm_leaves_to_the_processor_is_the_same_exit(name: str) -> None:
    """RFLAGS go into vmcs02 unseen: L2 is the guest already when its first VM entry is refused."""
    m = Machine(name).given_vmx().given_l2(GUEST_RFLAGS=0, HOST_RIP=0x9000)
    events = m.enter()
    assert [type(event) for event in of(events, NestedEntered, NestedEntryFailed)] == [NestedEntered]
    assert of(events, NestedExited) == [NestedExited(0, 0x8000_0021, 0)]
    assert [(event.error, "vmcs12" in event.check) for event in of(events, VmEntryFailed)] == [(0x8000_0021, False)]
    assert (m.vcpu.guest_mode, m.vcpu.nested_run_pending, m.vcpu.loaded_vmcs, m.cpu.rip) == (False, False, VMCS01, 0x9000)
    assert m.vmread("VM_EXIT_REASON") == 0x8000_0021
    m.run("vmwrite GUEST_RFLAGS, 2")
    assert results(m.run("vmresume")) == ["vmresume 5"]
    assert len(of(m.run("vmlaunch"), NestedEntered)) == 1


def test_what_l1_has_to_do_next_is_not_lost_by_a_refused_entry() -> None:
    m = Machine(V6_12).given_vmx().given_l2(GUEST_RFLAGS=0)
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}", "vmlaunch", f"load {L1_PAGE:#x}")
    assert not m.vcpu.program
    assert not m.vcpu.guest_mode


@pytest.mark.parametrize(("name", "pending"), [(V4_4, True), (V6_12, False)])
def test_v6_12_looks_at_guest_state_after_the_flushes_and_the_switch(name: str, pending: bool) -> None:
    """E.2: by then L1's flushes are served and vmcs02, new to the processor, has asked for its own."""
    m = Machine(name).given_vmx().given_l2(GUEST_ACTIVITY_STATE=7)
    events = m.enter()
    assert ("vmx_vcpu_load_vmcs" not in [event.by for event in of(events, RequestMade)]) == pending


@pytest.mark.parametrize("name", KERNELS)
def test_l2_without_ept12_walks_its_tables_in_l1s_memory(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None)
    m.poke(0x6_0000, 7)
    events = m.enter()
    assert [event.pgd for event in of(events, RootAllocated)] == [0]
    assert values(m.run(LOAD)) == [7]
    m.run("vmcall")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


def test_the_vpid_of_l2_depends_on_kernel_and_vmcs12() -> None:
    found = {}
    for name in KERNELS:
        for vpid in (None, 5):
            m = Machine(name).given_vmx().given_l2(vpid=vpid)
            (event,) = of(m.enter(), VmEntered)
            found[name, vpid] = event.vpid
    assert found == {(name, vpid): 2 if vpid and name in since(V4_4) else 1 for name in KERNELS for vpid in (None, 5)}


@pytest.mark.parametrize("name", KERNELS)
def test_vmcs02_has_l0s_controls_and_l1s(name: str) -> None:
    wanted = CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING
    m = Machine(name).given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING,
                                           EXCEPTION_BITMAP=1 << 14)
    m.enter()
    assert m.vmcs02(F.CPU_BASED_VM_EXEC_CONTROL) & wanted == wanted
    assert m.vmcs02(F.EXCEPTION_BITMAP) == 1 << 14 | 1 << 6


@pytest.mark.parametrize("name", KERNELS)
def test_an_l2_that_is_halted_does_not_run(name: str) -> None:
    """GUEST_ACTIVITY_STATE = HLT without an event: the vCPU sleeps, and the processor is not entered (E.2)."""
    m = Machine(name).start()
    m.run("vmcall", "vmwrite GUEST_ACTIVITY_STATE, 1")
    events = m.run("vmresume")
    assert m.vcpu.guest_mode and m.vcpu.mp_state == HALTED and not m.vcpu.nested_run_pending
    assert m.kvm.hw.vmcs.get((m.vcpu.vmcs02, F.GUEST_ACTIVITY_STATE), 0) == 0
    assert not of(events, VmEntered)


@pytest.mark.parametrize(("name", "seen"), [
    ("v4.15", L2_CR3), ("v5.7 -04f11ef45810", L2_CR3), ("v5.7", OTHER_CR3), (V6_12, OTHER_CR3)])
def test_the_cr3_of_an_l2_that_never_ran_is_what_l1_gave_it(name: str, seen: int) -> None:
    """A halted L2 exits before its root is loaded; until 04f11ef45810 vmcs12 then got the CR3 of the run before."""
    m = Machine(name).start()
    m.run("vmcall", "vmwrite GUEST_ACTIVITY_STATE, 1", f"vmwrite GUEST_CR3, {OTHER_CR3:#x}", "vmresume")
    m.host("irq 0x31")
    m.run("nop")
    assert not m.vcpu.guest_mode
    assert m.vmread("GUEST_CR3") == seen
