"""Flushes, exceptions and control registers: the common code."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, V4_4, V6_12, Machine, cleared, decided, flushes, of, served
from kvmdbg.machine.kvm import x86
from kvmdbg.machine.kvm.events import ExceptionInjected, FlushAsked
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import IN_GUEST_MODE

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
