"""INT n: a software interrupt."""

from __future__ import annotations

from kvmdbg.machine.hw.faults import SoftwareInterrupt
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import VECTOR
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("int", operands=(VECTOR,), length=2, source="SDM Vol. 2A INT n/INTO/INT3/INT1; Vol. 3C 24.8.3")
def run(hw: Hardware, cpu: Cpu, vector: int) -> None:
    """Go through the IDT entry of a vector, whatever RFLAGS.IF is; the handler returns to the next instruction."""
    raise SoftwareInterrupt(vector)
