"""VMREAD r64/m64, r64: read a field of the current VMCS."""

from __future__ import annotations

from kvmdbg.machine.hw import access, vmcs
from kvmdbg.machine.hw.controls import EXIT_REASON_VMREAD
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import vmx_instruction
from kvmdbg.machine.hw.operands import FIELD, MEMORY, Descriptor, optional
from kvmdbg.machine.hw.outcome import vmfail_invalid, vmfail_valid, vmsucceed
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware
from kvmdbg.machine.hw.vmcs_access import UNSUPPORTED_FIELD, accessed, exits_by_bitmap, operand


@vmx_instruction("vmread", operands=(FIELD, optional(MEMORY)), forms=("vmread FIELD", "vmread FIELD, @ADDRESS"),
                 source="SDM Vol. 3C 30.3 VMREAD", exits=exits_by_bitmap(EXIT_REASON_VMREAD, F.VMREAD_BITMAP))
def run(hw: Hardware, cpu: Cpu, encoding: int, destination: Descriptor | None) -> None:
    """Read a field of the current VMCS, in a guest of the shadow VMCS: into memory, or into RAX when no place is given."""
    region = accessed(hw, cpu)
    if region == NO_VMCS:
        vmfail_invalid(hw, cpu, "vmread")
    elif vmcs.field_of(encoding) is None:
        vmfail_valid(hw, cpu, "vmread", UNSUPPORTED_FIELD)
    else:
        value = operand(cpu, vmcs.peek(hw, region, encoding))
        if destination is None or destination.address is None:
            cpu.rax = value
        else:
            access.store(hw, cpu, destination.address, value)
        vmsucceed(hw, cpu, "vmread")
