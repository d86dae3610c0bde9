"""How a VMX instruction reports its end: VMsucceed, VMfailInvalid, VMfailValid (SDM Vol. 3C 30.2; architecture.md D)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import RFLAGS_AF, RFLAGS_CF, RFLAGS_OF, RFLAGS_PF, RFLAGS_SF, RFLAGS_ZF
from kvmdbg.machine.hw.events import Completed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware

VM_SUCCEED: Final = "VMsucceed"
VM_FAIL_VALID: Final = "VMfailValid"
VM_FAIL_INVALID: Final = "VMfailInvalid"
ARITHMETIC_FLAGS: Final = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF


def vmsucceed(hw: Hardware, cpu: Cpu, instruction: str) -> None:
    """All six arithmetic flags 0."""
    _complete(hw, cpu, instruction, VM_SUCCEED, 0, 0)


def vmfail_invalid(hw: Hardware, cpu: Cpu, instruction: str) -> None:
    """CF 1, the other five 0: there is no current VMCS to hold an error number."""
    _complete(hw, cpu, instruction, VM_FAIL_INVALID, 0, RFLAGS_CF)


def vmfail_valid(hw: Hardware, cpu: Cpu, instruction: str, error: int) -> None:
    """ZF 1, the other five 0, `error` in the current VMCS."""
    vmcs.write(hw, cpu, F.VM_INSTRUCTION_ERROR, error)
    _complete(hw, cpu, instruction, VM_FAIL_VALID, error, RFLAGS_ZF)


def vmfail(hw: Hardware, cpu: Cpu, instruction: str, error: int) -> None:
    """VMfailValid if there is a current VMCS, else VMfailInvalid."""
    if cpu.current_vmcs == NO_VMCS:
        vmfail_invalid(hw, cpu, instruction)
    else:
        vmfail_valid(hw, cpu, instruction, error)


def finish(hw: Hardware, cpu: Cpu, instruction: str, error: int) -> None:
    """VMsucceed for error 0, else VMfail."""
    if error:
        vmfail(hw, cpu, instruction, error)
    else:
        vmsucceed(hw, cpu, instruction)


def _complete(hw: Hardware, cpu: Cpu, instruction: str, outcome: str, error: int, flags: int) -> None:
    cpu.rflags = cpu.rflags & ~ARITHMETIC_FLAGS | flags
    hw.emit(Completed, cpu.id, instruction, outcome, error)
