"""A vCPU's thread leaves KVM_RUN."""

from __future__ import annotations

import pytest

from kvm_support import Machine, exits
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.kvm.state import OUTSIDE_GUEST_MODE
from kvmdbg.machine.kvm.user_space import leave_kvm_run


def test_out_of_the_guest_by_an_interrupt() -> None:
    m = Machine()
    m.run("nop")
    start = m.kvm.tape.cursor
    leave_kvm_run(m.kvm, m.vcpu)
    assert exits(m.since(start)) == [1]
    assert not non_root(m.cpu)
    m.run("nop")


@pytest.mark.parametrize("action", ["vcpu_load", "vcpu_enter_guest", "disable_irqs", "vmenter", "handle_exit"])
def test_from_anywhere_in_the_loop(action: str) -> None:
    m = Machine()
    m.program("cpuid")
    m.step_to(action)
    leave_kvm_run(m.kvm, m.vcpu)
    assert (m.vcpu.mode, m.vcpu.todo) == (OUTSIDE_GUEST_MODE, ("vcpu_enter_guest",))
    m.run("nop")
