"""vcpu->requests."""

from __future__ import annotations

import pytest

from kvm_support import V4_4, V6_12, Machine, made
from kvmdbg.machine.kvm.events import RequestCleared, RequestLeftOut, RequestMade, RequestServiced
from kvmdbg.machine.kvm.kvm_host import (
    kvm_check_request,
    kvm_clear_request,
    kvm_flush_remote_tlbs,
    kvm_make_request,
    kvm_test_request,
)


@pytest.mark.parametrize(("name", "request_name", "bit"), [
    (V4_4, "TLB_FLUSH", 0), (V4_4, "MMU_SYNC", 7), (V4_4, "EVENT", 11), (V6_12, "TLB_FLUSH", 0), (V6_12, "MMU_SYNC", 11),
    (V6_12, "TLB_FLUSH_CURRENT", 34), (V6_12, "TLB_FLUSH_GUEST", 35)])
def test_a_request_is_the_bit_of_its_kernel(name: str, request_name: str, bit: int) -> None:
    m = Machine(name)
    kvm_make_request(m.kvm, m.vcpu, request_name, "a test")
    assert m.vcpu.requests == 1 << bit
    assert m.since(0) == [RequestMade(0, request_name, "a test")]


def test_made_twice_it_is_one_bit_and_two_events() -> None:
    m = Machine()
    for _ in range(2):
        kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert (m.vcpu.requests, made(m.since(0))) == (1, ["TLB_FLUSH", "TLB_FLUSH"])


def test_check_clears_and_test_does_not() -> None:
    m = Machine()
    kvm_make_request(m.kvm, m.vcpu, "EVENT", "a test")
    start = m.kvm.tape.cursor
    assert kvm_test_request(m.kvm, m.vcpu, "EVENT")
    assert m.pending() == ["EVENT"]
    assert kvm_check_request(m.kvm, m.vcpu, "EVENT")
    assert not kvm_check_request(m.kvm, m.vcpu, "EVENT")
    assert (m.pending(), m.since(start)) == ([], [RequestServiced(0, "EVENT")])


def test_a_cleared_request_is_said_to_be_dropped_unserved() -> None:
    m = Machine()
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    start = m.kvm.tape.cursor
    kvm_clear_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")
    kvm_clear_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")
    assert m.since(start) == [RequestCleared(0, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")]


def test_a_request_that_the_kernel_does_not_have_is_not_pending() -> None:
    m = Machine(V4_4)
    assert not kvm_test_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST")
    assert not kvm_check_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST")


@pytest.mark.parametrize(("name", "counted"), [(V4_4, 0), (V6_12, 1)])
def test_a_remote_flush_asks_every_vcpu_and_kicks_nobody_here(name: str, counted: int) -> None:
    """H: remote_tlb_flush counts flushes that kicked someone; remote_tlb_flush_requests counts calls, since v5.15."""
    m = Machine(name)
    kvm_flush_remote_tlbs(m.kvm, "a test")
    assert m.pending() == ["TLB_FLUSH"]
    assert (m.stat("remote_tlb_flush_requests", -1), m.stat("remote_tlb_flush", -1)) == (counted, 0)


def test_a_request_that_is_left_out_sets_no_bit() -> None:
    m = Machine()
    start = m.kvm.tape.cursor
    m.kvm.hw.left_out = frozenset({start})
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert (m.vcpu.requests, m.since(start)) == (0, [RequestLeftOut(0, "TLB_FLUSH", "a test")])
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert m.vcpu.requests == 1
