"""HLT: wait for an interrupt."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import ACTIVITY_HLT, CPU_HLT_EXITING, EXIT_REASON_HLT
from kvmdbg.machine.hw.instruction import exits_if, instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("hlt", length=1, source="SDM Vol. 2A HLT; Vol. 3C 25.1.3", privileged=True, exits=exits_if(CPU_HLT_EXITING,
                                                                                                        EXIT_REASON_HLT))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Halt: activity state HLT, with RIP at the next instruction."""
    cpu.activity = ACTIVITY_HLT
