"""Entering and leaving L2: the order of effects, who is the guest, and entries that fail (E.2, E.3)."""

from __future__ import annotations

import pytest

from kvm_support import (
    KERNELS,
    L1_PAGE,
    L2_CR3,
    L2_PAGE,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    Machine,
    flushes,
    of,
    results,
    since,
    two_l2s,
    values,
)
from kvmdbg.machine.hw.events import VmEntered, VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import (
    NestedEntered,
    NestedEntryFailed,
    NestedExited,
    RequestMade,
    RequestServiced,
    RootAllocated,
)
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import GUEST_MMU, HALTED, ROOT_MMU, VMCS01, VMCS02

LOAD = f"load {L2_PAGE:#x}"


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


@pytest.mark.parametrize("name", KERNELS)
def test_l2_runs_with_its_own_state_and_l1_goes_on_where_vmcs12_says(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(GUEST_RIP=0x7000, HOST_RIP=0x9000, HOST_RSP=0xA000)
    m.enter()
    assert (m.cpu.rip, m.cpu.cr3, m.vcpu.loaded_vmcs, m.vcpu.guest_mode) == (0x7000, L2_CR3, VMCS02, True)
    m.run("nop", "vmcall")
    assert (m.cpu.rip, m.cpu.rsp, m.cpu.cr3, m.vcpu.loaded_vmcs, m.vcpu.guest_mode) == (0x9000, 0xA000, 0x1000, VMCS01, False)
    assert (m.vmread("GUEST_RIP"), m.vmread("VM_EXIT_REASON"), m.vmread("VM_EXIT_INSTRUCTION_LEN")) == (0x7001, 18, 3)


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


@pytest.mark.parametrize("name", KERNELS)
def test_an_l2_that_is_halted_does_not_run(name: str) -> None:
    """GUEST_ACTIVITY_STATE = HLT without an event: the vCPU sleeps, and the processor is not entered (E.2)."""
    m = Machine(name).start()
    m.run("vmcall", "vmwrite GUEST_ACTIVITY_STATE, 1")
    events = m.run("vmresume")
    assert m.vcpu.guest_mode and m.vcpu.mp_state == HALTED and not m.vcpu.nested_run_pending
    assert m.kvm.hw.vmcs.get((m.vcpu.vmcs02, F.GUEST_ACTIVITY_STATE), 0) == 0
    assert not of(events, VmEntered)
