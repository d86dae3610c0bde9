"""VMWRITE r64, r64: write a field of the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import EXIT_REASON_VMWRITE
from kvmdbg.machine.hw.fields import EXIT_INFO
from kvmdbg.machine.hw.instruction import always_exits, vmx_instruction
from kvmdbg.machine.hw.operands import FIELD, VALUE_64
from kvmdbg.machine.hw.outcome import vmfail_invalid, vmfail_valid, vmsucceed
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware

UNSUPPORTED_FIELD: Final = 12
READ_ONLY_FIELD: Final = 13


@vmx_instruction("vmwrite", operands=(FIELD, VALUE_64), source="SDM Vol. 3C 30.3 VMWRITE",
                 exits=always_exits(EXIT_REASON_VMWRITE))
def run(hw: Hardware, cpu: Cpu, encoding: int, value: int) -> None:
    """Write a field of the current VMCS, cut to its width; exit information is read-only (IA32_VMX_MISC bit 29 is 0)."""
    field = vmcs.field_of(encoding)
    if cpu.current_vmcs == NO_VMCS:
        vmfail_invalid(hw, cpu, "vmwrite")
    elif field is None:
        vmfail_valid(hw, cpu, "vmwrite", UNSUPPORTED_FIELD)
    elif field.area == EXIT_INFO:
        vmfail_valid(hw, cpu, "vmwrite", READ_ONLY_FIELD)
    else:
        vmcs.write(hw, cpu, encoding, value)
        vmsucceed(hw, cpu, "vmwrite")
