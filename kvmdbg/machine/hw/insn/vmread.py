"""VMREAD r64, r64: read a field of the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import EXIT_REASON_VMREAD
from kvmdbg.machine.hw.instruction import always_exits, vmx_instruction
from kvmdbg.machine.hw.operands import FIELD
from kvmdbg.machine.hw.outcome import vmfail_invalid, vmfail_valid, vmsucceed
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware

UNSUPPORTED_FIELD: Final = 12


@vmx_instruction("vmread", operands=(FIELD,), source="SDM Vol. 3C 30.3 VMREAD", exits=always_exits(EXIT_REASON_VMREAD))
def run(hw: Hardware, cpu: Cpu, encoding: int) -> None:
    """Read a field of the current VMCS into RAX. VMCS shadowing is not offered: a guest always exits."""
    if cpu.current_vmcs == NO_VMCS:
        vmfail_invalid(hw, cpu, "vmread")
    elif vmcs.field_of(encoding) is None:
        vmfail_valid(hw, cpu, "vmread", UNSUPPORTED_FIELD)
    else:
        cpu.rax = vmcs.read(hw, cpu, encoding)
        vmsucceed(hw, cpu, "vmread")
