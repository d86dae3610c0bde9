"""A write to memory: MOV m64, imm."""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import LINEAR_ADDRESS, VALUE_64
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("store", operands=(LINEAR_ADDRESS, VALUE_64), source="SDM Vol. 2B MOV; Vol. 3A 4.6")
def run(hw: Hardware, cpu: Cpu, la: int, value: int) -> None:
    """Write 64 bits at a linear address, aligned down to 8."""
    access.store(hw, cpu, la, value)
