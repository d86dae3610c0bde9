"""VMCLEAR m64: make a VMCS inactive and its launch state clear."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.control_registers import page_address_problem
from kvmdbg.machine.hw.controls import EXIT_REASON_VMCLEAR
from kvmdbg.machine.hw.instruction import memory_operand_exits, vmx_instruction
from kvmdbg.machine.hw.memory_operands import read_64
from kvmdbg.machine.hw.operands import POINTER, Descriptor
from kvmdbg.machine.hw.outcome import vmfail, vmsucceed
from kvmdbg.machine.hw.state import Cpu, Hardware

BAD_ADDRESS: Final = 2
VMXON_POINTER: Final = 3


@vmx_instruction("vmclear", length=4, operands=(POINTER,), source="SDM Vol. 3C 30.3 VMCLEAR",
                 exits=memory_operand_exits(EXIT_REASON_VMCLEAR))
def run(hw: Hardware, cpu: Cpu, operand: Descriptor) -> None:
    """Make a VMCS inactive, not current, and its launch state clear; its revision identifier is not looked at."""
    pointer = read_64(hw, cpu, operand)
    if page_address_problem(pointer, hw.caps):
        vmfail(hw, cpu, "vmclear", BAD_ADDRESS)
    elif pointer == cpu.vmxon_pointer:
        vmfail(hw, cpu, "vmclear", VMXON_POINTER)
    else:
        vmcs.clear(hw, cpu, pointer)
        vmsucceed(hw, cpu, "vmclear")
