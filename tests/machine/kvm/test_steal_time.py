"""The preempted byte, and the flush that another vCPU of L1 leaves to the host."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, L2_PAGE, Machine, decided, flushes, of
from kvmdbg.machine.kvm.events import GuestInvalidated, StealTimeRecorded
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.steal_time import KVM_VCPU_PREEMPTED, set_steal_time

PAGE = 0x7000
PREEMPTED = PAGE + 0x10
FLUSH_TOO = 3                    # KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB, as another vCPU of L1 leaves it


def given(kernel: str) -> Machine:
    m = Machine(kernel).given_vmx()
    m.host(f"steal-time {PAGE:#x}")
    m.program("cpuid")
    m.run(f"load {L1_PAGE:#x}")
    return m


@pytest.mark.parametrize(("kernel", "byte"), [("v3.1", 0), ("v4.4", 0), ("v4.15", 1), ("v5.8", 1), ("v6.12", 1)])
def test_who_tells_the_guest_that_a_vcpu_is_preempted(kernel: str, byte: int) -> None:
    m = given(kernel)
    m.host("preempt")
    assert kvm_read_guest(m.kvm, PREEMPTED) == byte
    m.run("nop")
    assert kvm_read_guest(m.kvm, PREEMPTED) == 0


@pytest.mark.parametrize(("kernel", "byte"), [("v5.16", 1), ("6cd88243c7e0^", 1), ("6cd88243c7e0", 0), ("v6.12", 0)])
def test_in_the_middle_of_an_emulation_it_is_not_called_preempted_since_6cd88243c7e0(kernel: str, byte: int) -> None:
    m = given(kernel)
    m.program("cpuid")
    m.step_to("handle_exit")
    events = m.host("preempt")
    assert kvm_read_guest(m.kvm, PREEMPTED) == byte
    assert decided(events, "kvm_steal_time_set_preempted") == [("yes" if byte else "no", "it was left inside KVM")]


@pytest.mark.parametrize(("kernel", "flush"), [
    ("v4.4", False), ("v4.15", False), ("f38a7b75267f^", False), ("f38a7b75267f", True), ("v5.7", True), ("v5.8", True),
    ("v5.10", True), ("v5.14", True), ("v6.12", True)])
def test_the_flush_left_to_the_host(kernel: str, flush: bool) -> None:
    """D, "PV flush": counted in tlb_flush; what L1 had cached is gone, guest-physical mappings are not."""
    m = given(kernel)
    m.host("preempt")
    m.poke(PREEMPTED, FLUSH_TOO)
    counted = m.stat("tlb_flush")
    physical = len(m.cached("guest-physical", L1_PAGE))
    events = m.run("nop")
    assert [event.need_flush for event in of(events, StealTimeRecorded)] == [True] * flush
    assert bool(of(events, GuestInvalidated)) == flush
    assert m.stat("tlb_flush") == counted + flush
    if flush:
        assert flushes(events) == ["invvpid single-context 1"]
    assert len(m.cached("combined", L1_PAGE)) == (not flush) and len(m.cached("guest-physical", L1_PAGE)) == physical


def test_without_the_msr_nothing_is_looked_at() -> None:
    m = Machine().given_vmx()
    m.host("preempt")
    assert of(m.run("nop"), StealTimeRecorded) == []


def test_a_reserved_bit_of_the_msr_is_refused() -> None:
    m = Machine()
    assert not set_steal_time(m.kvm, m.vcpu, PAGE | 3) and m.vcpu.steal_time == 0


@pytest.mark.parametrize(("kernel", "vpid"), [("v5.10", 1), ("v5.14", 1), ("v5.16", 2), ("v6.12", 2)])
def test_i_32_in_l2_it_flushes_vpid02(kernel: str, vpid: int) -> None:
    m = Machine(kernel).given_vmx().given_l2()
    m.host(f"steal-time {PAGE:#x}")
    m.run(f"load {L1_PAGE:#x}")
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    m.host("preempt")
    assert kvm_read_guest(m.kvm, PREEMPTED) == KVM_VCPU_PREEMPTED
    m.poke(PREEMPTED, FLUSH_TOO)
    assert flushes(m.run("nop")) == [f"invvpid single-context {vpid}"]
