"""STI: let interrupts in."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import BLOCKING_STI, RFLAGS_IF
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.modes import require_iopl
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("sti", length=1, source="SDM Vol. 2B STI; Vol. 3A 6.8.1")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Set RFLAGS.IF; where it was 0, interrupts are blocked until the next instruction has completed."""
    require_iopl(cpu)
    if not cpu.rflags & RFLAGS_IF:
        cpu.rflags |= RFLAGS_IF
        cpu.blocking |= BLOCKING_STI
