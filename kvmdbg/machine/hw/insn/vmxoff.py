"""VMXOFF: leave VMX operation."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_VMOFF
from kvmdbg.machine.hw.instruction import always_exits, vmx_instruction
from kvmdbg.machine.hw.outcome import vmsucceed
from kvmdbg.machine.hw.state import NO_VMCS, VMX_OFF, Cpu, Hardware


@vmx_instruction("vmxoff", source="SDM Vol. 3C 30.3 VMXOFF", exits=always_exits(EXIT_REASON_VMOFF))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Leave VMX operation; cached translations stay."""
    cpu.vmx = VMX_OFF
    cpu.vmxon_pointer = NO_VMCS
    cpu.current_vmcs = NO_VMCS
    vmsucceed(hw, cpu, "vmxoff")
