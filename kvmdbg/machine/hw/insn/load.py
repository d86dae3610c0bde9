"""A read of memory: MOV r64, m64."""

from __future__ import annotations

from kvmdbg.machine.hw import access, segmentation
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import ADDRESS, LogicalAddress
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("load", operands=(ADDRESS,), forms=("load ADDRESS", "load fs:OFFSET"), source="SDM Vol. 2B MOV; Vol. 3A 4.6")
def run(hw: Hardware, cpu: Cpu, address: int | LogicalAddress) -> None:
    """Read the 64 bits around a linear address into RAX."""
    cpu.rax = access.load(hw, cpu, segmentation.checked(cpu, address))
