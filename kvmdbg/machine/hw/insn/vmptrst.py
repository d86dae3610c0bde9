"""VMPTRST m64: which VMCS is current?"""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.controls import EXIT_REASON_VMPTRST
from kvmdbg.machine.hw.instruction import memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.operands import MEMORY, Descriptor, optional
from kvmdbg.machine.hw.outcome import vmsucceed
from kvmdbg.machine.hw.state import Cpu, Hardware


@vmx_instruction("vmptrst", operands=(optional(MEMORY),), source="SDM Vol. 3C 30.3 VMPTRST",
                 exits=memory_operand_exits(EXIT_REASON_VMPTRST))
def run(hw: Hardware, cpu: Cpu, operand: Descriptor | None) -> None:
    """Store the current-VMCS pointer, all ones if there is none: in memory, or in RAX when no place is given."""
    if operand is None or operand.address is None:
        cpu.rax = cpu.current_vmcs
    else:
        access.store(hw, cpu, operand.address, cpu.current_vmcs)
    vmsucceed(hw, cpu, "vmptrst")
