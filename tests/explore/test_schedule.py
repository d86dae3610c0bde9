"""The default schedule."""

from __future__ import annotations

from kvm_support import Machine
from kvmdbg.explore.schedule import next_action, run_until_waiting
from kvmdbg.machine.actions import Action, waits


def test_the_next_action_of_a_vcpu() -> None:
    m = Machine()
    assert next_action(m.kvm, 0) == Action(0, "vcpu_load")
    assert next_action(m.kvm, 7) is None


def test_a_vcpu_runs_until_its_guest_waits() -> None:
    m = Machine()
    assert run_until_waiting(m.kvm, 0) == 4
    assert waits(m.kvm, 0)
    assert next_action(m.kvm, 0) is None
    assert run_until_waiting(m.kvm, 0) == 0


def test_a_program_is_run_to_its_end() -> None:
    m = Machine()
    m.program("nop", "cpuid", "nop")
    run_until_waiting(m.kvm, 0)
    assert m.vcpu.program == ()
    assert m.stat("exits") == 1


def test_keep_on_stops_after_the_action_that_it_was_shown() -> None:
    m = Machine()
    shown: list[Action] = []

    def keep_on(action: Action) -> bool:
        shown.append(action)
        return action.name != "disable_irqs"

    assert run_until_waiting(m.kvm, 0, keep_on) == 3
    assert [action.name for action in shown] == ["vcpu_load", "vcpu_enter_guest", "disable_irqs"]
    assert next_action(m.kvm, 0) == Action(0, "vmenter")


def test_it_ends_when_the_vcpu_halts() -> None:
    m = Machine()
    m.program("hlt", "nop")
    run_until_waiting(m.kvm, 0)
    assert len(m.vcpu.program) == 1
