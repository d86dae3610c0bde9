"""VMRESUME: a further VM entry of a VMCS that has been launched."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_VMRESUME
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.instruction import always_exits, vmx_instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@vmx_instruction("vmresume", source="SDM Vol. 3C 26, 30.3 VMLAUNCH/VMRESUME", exits=always_exits(EXIT_REASON_VMRESUME))
def run(hw: Hardware, cpu: Cpu) -> str:
    """Enter the guest of the current VMCS: a further VM entry of a VMCS that has been launched."""
    return vm_entry(hw, cpu, launch=False).outcome
