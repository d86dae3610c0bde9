"""DIV: unsigned division."""

from __future__ import annotations

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import VALUE_64
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("div", operands=(VALUE_64,), source="SDM Vol. 2A DIV")
def run(hw: Hardware, cpu: Cpu, divisor: int) -> None:
    """Divide RAX by the operand (RDX counts as 0); by 0 it raises #DE."""
    if not divisor:
        raise GuestFault("#DE")
    cpu.rax = cpu.rax // divisor
