"""Flushes, exceptions and control registers: the common code."""

from __future__ import annotations

import pytest

from events_support import in_l2, rounds
from kvm_support import L1_PAGE, V4_4, V6_12, Machine, cleared, decided, flushes, of, served
from kvmdbg.machine.kvm import x86
from kvmdbg.machine.kvm.events import ExceptionInjected, FlushAsked
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import IN_GUEST_MODE
from kvmdbg.machine.kvm.user_space import leave_kvm_run
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED

CR4 = 0x20A0                  # PAE, PGE, VMXE
PGE, SMEP, SMAP, PCIDE, DE = 1 << 7, 1 << 20, 1 << 21, 1 << 17, 1 << 3


def running(name: str = V6_12) -> Machine:
    m = Machine(name)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"load {L1_PAGE:#x}")
    return m


@pytest.mark.parametrize(("request_name", "flush", "counted"), [
    ("TLB_FLUSH", "invept all-context", 1), ("TLB_FLUSH_CURRENT", "invept single-context ROOT", 1),
    ("TLB_FLUSH_GUEST", "invvpid single-context 1", 1)])
def test_v6_12_serves_each_scope_by_its_own_hook(request_name: str, flush: str, counted: int) -> None:
    m = running()
    before = m.stat("tlb_flush")
    kvm_make_request(m.kvm, m.vcpu, request_name, "a test")
    events = m.run("cpuid")
    assert served(events) == [request_name]
    assert flushes(events) == [flush.replace("ROOT", f"{m.tag():#x}")]
    assert m.stat("tlb_flush") - before == counted


def test_v4_4_has_one_hook() -> None:
    m = running(V4_4)
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    events = m.run("cpuid")
    assert [event.hook for event in of(events, FlushAsked)] == ["tlb_flush"]
    assert flushes(events) == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]


def test_flushing_all_makes_the_current_flush_needless_but_not_the_guests() -> None:
    """B.5."""
    m = running()
    for name in ("TLB_FLUSH_GUEST", "TLB_FLUSH_CURRENT", "TLB_FLUSH"):
        kvm_make_request(m.kvm, m.vcpu, name, "a test")
    events = m.run("cpuid")
    assert (served(events), cleared(events)) == (["TLB_FLUSH", "TLB_FLUSH_GUEST"], ["TLB_FLUSH_CURRENT"])


def test_local_requests_are_served_current_first() -> None:
    m = running()
    for name in ("TLB_FLUSH_GUEST", "TLB_FLUSH_CURRENT"):
        kvm_make_request(m.kvm, m.vcpu, name, "a test")
    start = m.kvm.tape.cursor
    x86.kvm_service_local_tlb_flush_requests(m.kvm, m.vcpu)
    assert served(m.since(start)) == ["TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST"]
    assert m.pending() == []


@pytest.mark.parametrize("name", [V4_4, "v6.12 -eeeb4f67a6cd -2b4a5a5d5688 -a91a7c709600"])
def test_before_that_nothing_was_served_at_a_transition(name: str) -> None:
    m = running(name)
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    start = m.kvm.tape.cursor
    x86.kvm_service_local_tlb_flush_requests(m.kvm, m.vcpu)
    assert m.since(start) == []


@pytest.mark.parametrize(("mode", "requests", "cancel"), [(IN_GUEST_MODE, 0, False), (IN_GUEST_MODE, 1, True),
                                                         ("EXITING_GUEST_MODE", 0, True)])
def test_the_last_check_before_entry(mode: str, requests: int, cancel: bool) -> None:
    m = running()
    m.vcpu.mode, m.vcpu.requests = mode, requests
    start = m.kvm.tape.cursor
    assert x86.kvm_vcpu_exit_request(m.kvm, m.vcpu) == cancel
    assert decided(m.since(start), "kvm_vcpu_exit_request") == [("yes" if cancel else "no", f"mode {mode}, requests {requests:#x}")]


def test_a_queued_exception_is_an_event_and_a_request() -> None:
    m = running()
    start = m.kvm.tape.cursor
    x86.kvm_queue_exception(m.kvm, m.vcpu, "#GP", 5)
    assert of(m.since(start), ExceptionInjected) == [ExceptionInjected(0, "#GP", 5, 0)]
    assert m.pending() == ["EVENT"]


@pytest.mark.parametrize(("first", "second", "left"), [
    ("#GP", "#NP", "#DF"), ("#PF", "#GP", "#DF"), ("#PF", "#PF", "#DF"), ("#PF", "#DB", "#DB"), ("#GP", "#PF", "#PF"),
    ("#UD", "#GP", "#GP"), ("#DE", "#SS", "#DF")])
@pytest.mark.parametrize("injected", [False, True])
def test_two_exceptions(first: str, second: str, left: str, injected: bool) -> None:
    """SDM Vol. 3A 6.15: two contributory ones, or anything that is not benign behind a page fault, are a double fault."""
    m = running()
    if injected:
        m.host(f"events injected={first}")
    else:
        leave_kvm_run(m.kvm, m.vcpu)
        x86.kvm_queue_exception(m.kvm, m.vcpu, first)
    x86.kvm_queue_exception(m.kvm, m.vcpu, second)
    assert m.vcpu.exception is not None and m.vcpu.exception.vector == left
    assert m.kvm.events(m.vcpu).injected == NOT_INJECTED


def test_an_exception_behind_a_double_fault_is_a_triple_fault() -> None:
    m = running()
    m.host("events injected=DF")
    x86.kvm_queue_exception(m.kvm, m.vcpu, "#GP")
    assert "TRIPLE_FAULT" in m.pending()


@pytest.mark.parametrize(("name", "reason"), [("v5.16", 8), ("v6.12", 13)])
def test_l1_intercepts_the_second_one_before_it_is_a_double_fault(name: str, reason: int) -> None:
    """7709aba8f716."""
    m = in_l2(name, EXCEPTION_BITMAP=1 << 13 | 1 << 8)
    m.host("events injected=SS error=0")
    x86.kvm_queue_exception(m.kvm, m.vcpu, "#GP")
    rounds(m)
    assert m.vmread("VM_EXIT_INTR_INFO") & 0xFF == reason
    told = m.vmread("IDT_VECTORING_INFO_FIELD")
    assert told == (0x8000_0B0C if reason == 13 else 0), "9bd1f0efa859, and what #DF has swallowed"
