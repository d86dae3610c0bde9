"""VMLAUNCH: the first VM entry of a VMCS since it was cleared."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_VMLAUNCH
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.instruction import always_exits, vmx_instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@vmx_instruction("vmlaunch", source="SDM Vol. 3C 26, 30.3 VMLAUNCH/VMRESUME", exits=always_exits(EXIT_REASON_VMLAUNCH))
def run(hw: Hardware, cpu: Cpu) -> str:
    """Enter the guest of the current VMCS: the first VM entry of a VMCS since it was cleared."""
    return vm_entry(hw, cpu, launch=True).outcome
