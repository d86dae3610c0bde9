"""VMWRITE r64, r64/m64: write a field of the current VMCS."""

from __future__ import annotations

from kvmdbg.machine.hw import access, vmcs
from kvmdbg.machine.hw.controls import EXIT_REASON_VMWRITE
from kvmdbg.machine.hw.fields import EXIT_INFO, F
from kvmdbg.machine.hw.instruction import vmx_instruction
from kvmdbg.machine.hw.operands import FIELD, VALUE_OR_MEMORY, Descriptor
from kvmdbg.machine.hw.outcome import finish, vmfail_invalid
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware
from kvmdbg.machine.hw.vmcs_access import READ_ONLY_FIELD, UNSUPPORTED_FIELD, accessed, exits_by_bitmap, operand


@vmx_instruction("vmwrite", operands=(FIELD, VALUE_OR_MEMORY), forms=("vmwrite FIELD, VALUE", "vmwrite FIELD, @ADDRESS"),
                 source="SDM Vol. 3C 30.3 VMWRITE", exits=exits_by_bitmap(EXIT_REASON_VMWRITE, F.VMWRITE_BITMAP))
def run(hw: Hardware, cpu: Cpu, encoding: int, source: int | Descriptor) -> None:
    """Write a field of the current VMCS, in a guest of the shadow VMCS, cut to its width.

    The source is read once there is a VMCS to write to; exit information is read-only unless IA32_VMX_MISC bit 29 is 1.
    """
    region = accessed(hw, cpu)
    if region == NO_VMCS:
        vmfail_invalid(hw, cpu, "vmwrite")
        return
    value = source if isinstance(source, int) else access.load(hw, cpu, source.address or 0)
    error = _problem(hw, encoding)
    if not error:
        vmcs.put(hw, region, encoding, operand(cpu, value))
    finish(hw, cpu, "vmwrite", error)


def _problem(hw: Hardware, encoding: int) -> int:
    """VM-instruction error, or 0."""
    field = vmcs.field_of(encoding)
    if field is None:
        return UNSUPPORTED_FIELD
    return READ_ONLY_FIELD if field.area == EXIT_INFO and not hw.caps.vmwrite_any_field else 0
