"""The default schedule: one vCPU runs until its guest waits for the next instruction."""

from __future__ import annotations

from collections.abc import Callable

from kvmdbg.machine.actions import Action, do, enabled
from kvmdbg.machine.kvm.state import Kvm


def next_action(kvm: Kvm, vcpu_id: int) -> Action | None:
    """What vCPU `vcpu_id` would do next, or None when it cannot run."""
    return next((action for action in enabled(kvm) if action.vcpu == vcpu_id), None)


def run_until_waiting(kvm: Kvm, vcpu_id: int, keep_on: Callable[[Action], bool] = lambda action: True) -> int:
    """Do the vCPU's actions until it cannot run, or `keep_on(action just done)` says no; returns how many were done."""
    done = 0
    while (action := next_action(kvm, vcpu_id)) is not None:
        do(kvm, action)
        done += 1
        if not keep_on(action):
            break
    return done
