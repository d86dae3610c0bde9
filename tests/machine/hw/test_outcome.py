"""VMsucceed, VMfailInvalid, VMfailValid."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import outcome, vmcs
from kvmdbg.machine.hw.controls import RFLAGS_CF, RFLAGS_IF, RFLAGS_RESERVED1, RFLAGS_ZF
from kvmdbg.machine.hw.events import Completed
from kvmdbg.machine.hw.fields import F
from support import events
from vmx import in_root, with_vmcs

ALL = RFLAGS_RESERVED1 | RFLAGS_IF | outcome.ARITHMETIC_FLAGS
KEPT = RFLAGS_RESERVED1 | RFLAGS_IF


@pytest.mark.parametrize(("error", "current", "flags", "word"), [
    (0, True, KEPT, "VMsucceed"), (0, False, KEPT, "VMsucceed"), (28, True, KEPT | RFLAGS_ZF, "VMfailValid"),
    (28, False, KEPT | RFLAGS_CF, "VMfailInvalid")])
def test_the_outcome_is_in_the_flags(error: int, current: bool, flags: int, word: str) -> None:
    hw, cpu = with_vmcs() if current else in_root()
    cpu.rflags = ALL
    outcome.finish(hw, cpu, "invvpid", error)
    assert cpu.rflags == flags
    assert events(hw) == [Completed(0, "invvpid", word, error if current else 0)]


def test_the_error_number_is_in_the_current_vmcs() -> None:
    hw, cpu = with_vmcs()
    outcome.vmfail(hw, cpu, "vmptrld", 11)
    assert vmcs.read(hw, cpu, F.VM_INSTRUCTION_ERROR) == 11
    outcome.vmsucceed(hw, cpu, "vmptrld")
    assert vmcs.read(hw, cpu, F.VM_INSTRUCTION_ERROR) == 11
