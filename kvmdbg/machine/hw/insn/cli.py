"""CLI: keep interrupts out."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import RFLAGS_IF
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.modes import require_iopl
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("cli", length=1, source="SDM Vol. 2A CLI; Vol. 3A 6.8.1")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Clear RFLAGS.IF."""
    require_iopl(cpu)
    cpu.rflags &= ~RFLAGS_IF
