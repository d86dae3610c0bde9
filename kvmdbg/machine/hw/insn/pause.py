"""PAUSE: a hint that the program spins."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import CPU_PAUSE_EXITING, EXIT_REASON_PAUSE
from kvmdbg.machine.hw.instruction import exits_if, instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("pause", length=2, source="SDM Vol. 2B PAUSE; Vol. 3C 25.1.3", exits=exits_if(CPU_PAUSE_EXITING, EXIT_REASON_PAUSE))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Do nothing; with "PAUSE exiting" a VM exit. PAUSE-loop exiting is not offered."""
