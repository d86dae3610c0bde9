"""NOP: nothing but the next instruction."""

from __future__ import annotations

from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("nop", length=1, source="SDM Vol. 2B NOP")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Do nothing."""
