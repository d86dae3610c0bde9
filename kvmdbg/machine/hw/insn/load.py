"""A read of memory: MOV r64, m64."""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import LINEAR_ADDRESS
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("load", operands=(LINEAR_ADDRESS,), source="SDM Vol. 2B MOV; Vol. 3A 4.6")
def run(hw: Hardware, cpu: Cpu, la: int) -> None:
    """Read the 64 bits around a linear address into RAX."""
    cpu.rax = access.load(hw, cpu, la)
