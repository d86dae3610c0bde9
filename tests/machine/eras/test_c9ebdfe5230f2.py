"""9ebdfe5230f2: a window keeps an L2 awake that L1 enters halted."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.controls import (
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    RFLAGS_IF,
)

BEFORE, AFTER = "9ebdfe5230f2^", "9ebdfe5230f2"
NMIS = PIN_NMI_EXITING | PIN_VIRTUAL_NMIS


@pytest.mark.parametrize(("name", "window", "rflags", "reason"), [
    (AFTER, CPU_NMI_WINDOW_EXITING, 2, 8), (AFTER, CPU_INTERRUPT_WINDOW_EXITING, 2 | RFLAGS_IF, 7),
    (AFTER, CPU_INTERRUPT_WINDOW_EXITING, 2, None), (AFTER, 0, 2 | RFLAGS_IF, None), (BEFORE, CPU_NMI_WINDOW_EXITING, 2, None)])
def test_an_l2_that_is_entered_halted(name: str, window: int, rflags: int, reason: int | None) -> None:
    m = Machine(name).given_vmx().given_l2(PIN_BASED_VM_EXEC_CONTROL=NMIS,
                                           CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | window,
                                           GUEST_ACTIVITY_STATE=1, GUEST_RFLAGS=rflags)
    m.enter()
    assert m.vcpu.mp_state == ("HALTED" if reason is None else "RUNNABLE")
    if reason is not None:
        assert m.vmread("VM_EXIT_REASON") == reason
