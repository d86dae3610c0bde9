"""A write to memory: MOV m64, imm."""

from __future__ import annotations

from kvmdbg.machine.hw import access, segmentation
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import ADDRESS, VALUE_64, LogicalAddress
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("store", operands=(ADDRESS, VALUE_64), forms=("store ADDRESS, VALUE", "store fs:OFFSET, VALUE"),
             source="SDM Vol. 2B MOV; Vol. 3A 4.6")
def run(hw: Hardware, cpu: Cpu, address: int | LogicalAddress, value: int) -> None:
    """Write 64 bits at a linear address, aligned down to 8."""
    access.store(hw, cpu, segmentation.checked(cpu, address, write=True), value)
