"""VMXON m64: enter VMX operation."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.control_registers import CR0_FIXED1, cr0_problem, cr4_problem, page_address_problem
from kvmdbg.machine.hw.controls import CR4_VMXE, EXIT_REASON_VMON
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.memory_operands import read_64, revision
from kvmdbg.machine.hw.modes import no_vmx_mode
from kvmdbg.machine.hw.msr import feature_control
from kvmdbg.machine.hw.operands import POINTER, Descriptor
from kvmdbg.machine.hw.outcome import vmfail, vmfail_invalid, vmsucceed
from kvmdbg.machine.hw.state import NO_VMCS, VMX_OFF, VMX_ROOT, Cpu, Hardware
from kvmdbg.machine.hw.vmcs import VMCS_REVISION

IN_ROOT: Final = 15


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    return no_vmx_mode(cpu) or not cpu.cr4 & CR4_VMXE


@vmx_instruction("vmxon", length=4, operands=(POINTER,), source="SDM Vol. 3C 30.3 VMXON, 23.7", undefined=undefined,
                 exits=memory_operand_exits(EXIT_REASON_VMON))
def run(hw: Hardware, cpu: Cpu, operand: Descriptor) -> None:
    """Enter VMX root operation with a VMXON region, if IA32_FEATURE_CONTROL allows it."""
    if cpu.vmx != VMX_OFF:
        vmfail(hw, cpu, "vmxon", IN_ROOT)
        return
    if cr0_problem(cpu.cr0, CR0_FIXED1) or cr4_problem(cpu.cr4, hw.caps, hw.caps.cr4_fixed0):
        raise GuestFault("#GP")
    if not feature_control.allows_vmxon(feature_control.read(hw, cpu)):
        raise GuestFault("#GP")
    pointer = read_64(hw, cpu, operand)
    if page_address_problem(pointer, hw.caps) or revision(hw, pointer) != VMCS_REVISION:
        vmfail_invalid(hw, cpu, "vmxon")
        return
    cpu.vmx = VMX_ROOT
    cpu.vmxon_pointer = pointer
    cpu.current_vmcs = NO_VMCS
    vmsucceed(hw, cpu, "vmxon")
