"""Something else runs on the vCPU's processor for a while."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, exits, made, names, served
from kvmdbg.errors import UserError


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v5.8", "v6.12"])
def test_the_guest_exits_the_thread_goes_and_comes_back_without_a_flush(kernel: str) -> None:
    m = Machine(kernel).given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    cached = len(m.kvm.hw.tlb[0])
    events = m.host("preempt")
    assert exits(events) == [1] and "ScheduledOut" in names(events)
    events = m.run("nop")
    assert made(events) == ["STEAL_UPDATE"] == served(events)
    assert len(m.kvm.hw.tlb[0]) == cached


def test_outside_the_guest_no_exit_is_needed() -> None:
    m = Machine().given_vmx()
    m.program("cpuid")
    m.step_to("handle_exit")
    assert exits(m.host("preempt")) == [] and m.vcpu.todo == ("vcpu_load", "handle_exit")
    m.step_to("guest")


def test_v6_12_counts_where_the_vcpu_was_left() -> None:
    m = Machine().given_vmx()
    m.host("preempt")
    m.program("cpuid")
    m.run("nop")
    m.program("cpuid")
    m.step_to("handle_exit")
    m.host("preempt")
    assert (m.stat("preemption_reported"), m.stat("preemption_other")) == (1, 1)


def test_a_thread_without_a_processor_loses_none() -> None:
    m = Machine()
    with pytest.raises(UserError, match="on no processor"):
        m.host("preempt")
    m.run("nop", "hlt")
    with pytest.raises(UserError, match="sleeps"):
        m.host("preempt")
