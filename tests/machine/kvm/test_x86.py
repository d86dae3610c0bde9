"""Flushes, exceptions and control registers: the common code."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, L1_PAGE, V4_3, V4_4, V6_12, Machine, cleared, decided, flushes, made, of, served
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm import x86
from kvmdbg.machine.kvm.events import ExceptionInjected, FlushAsked, RootAllocated
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


# -- MOV CR0 and MOV CR4 (D) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "reset"), [(V4_3, True), (V4_4, True), (V6_12, False)])
def test_cr0_wp(name: str, reset: bool) -> None:
    m = running(name)
    events = m.run("mov cr0, 0x80040033")
    assert bool(of(events, RootAllocated)) == reset
    assert made(events) == []


@pytest.mark.parametrize(("old", "new", "requested", "reset"), [
    (CR4, CR4 | SMEP, ["TLB_FLUSH_CURRENT"], True), (CR4 | SMEP, CR4, [], True), (CR4, CR4 | SMAP, [], True),
    (CR4, CR4 | DE, [], False), (CR4, CR4 & ~PGE | DE, ["TLB_FLUSH_GUEST"], False),
    (CR4, CR4 & ~PGE | SMEP, ["TLB_FLUSH_GUEST"], True), (CR4, CR4 | PCIDE, [], False),
    (CR4 | PCIDE, CR4, ["TLB_FLUSH_GUEST"], False)])
def test_cr4_on_v6_12(old: int, new: int, requested: list[str], reset: bool) -> None:
    m = running()
    m.run(f"mov cr4, {old:#x}")
    events = m.run(f"mov cr4, {new:#x}")
    assert (made(events), bool(of(events, RootAllocated))) == (requested, reset)


@pytest.mark.parametrize("name", [V4_3, V4_4, "v6.12 -a91a7c709600"])
@pytest.mark.parametrize(("old", "new", "reset"), [
    (CR4, CR4 & ~PGE | DE, True), (CR4, CR4 | SMEP, True), (CR4, CR4 | DE, False), (CR4, CR4 | PCIDE, False),
    (CR4 | PCIDE, CR4, True)])
def test_cr4_before_v5_16_flushes_by_resetting_the_mmu(name: str, old: int, new: int, reset: bool) -> None:
    m = running(name)
    m.run(f"mov cr4, {old:#x}")
    events = m.run(f"mov cr4, {new:#x}")
    assert (made(events), bool(of(events, RootAllocated))) == ([], reset)


@pytest.mark.parametrize("name", KERNELS)
def test_pge_alone_is_the_guests_own_and_the_processor_flushes(name: str) -> None:
    m = running(name)
    events = m.run(f"mov cr4, {CR4 & ~PGE:#x}")
    assert (made(events), m.cached(COMBINED, L1_PAGE)) == ([], [])


def test_a_change_is_measured_from_what_the_guest_has_not_from_what_kvm_saw_last() -> None:
    """The guest clears PGE without an exit; then it sets PGE and DE: PGE has changed, so its view is flushed."""
    m = running()
    m.run(f"mov cr4, {CR4 & ~PGE:#x}")
    assert made(m.run(f"mov cr4, {CR4 | DE:#x}")) == ["TLB_FLUSH_GUEST"]
    m.run(f"mov cr4, {CR4 & ~PGE | DE:#x}")
    assert made(m.run(f"mov cr4, {CR4 & ~PGE:#x}")) == []


def test_reserved_bits_of_cr0_are_ignored_and_et_stays() -> None:
    m = running()
    assert x86.kvm_set_cr0(m.kvm, m.vcpu, 0x8005_0023 | 1 << 7)
    assert m.vcpu.cr0 == 0x8005_0033


def test_pcide_needs_pcid_0() -> None:
    m = running()
    m.run("mov cr3, 0x1005")
    assert [event.vector for event in of(m.run(f"mov cr4, {CR4 | PCIDE:#x}"), ExceptionInjected)] == ["#GP"]
