"""POPF: load RFLAGS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.access import RFLAGS_AC, cpl
from kvmdbg.machine.hw.controls import (
    RFLAGS_AF,
    RFLAGS_CF,
    RFLAGS_DF,
    RFLAGS_IF,
    RFLAGS_NT,
    RFLAGS_OF,
    RFLAGS_PF,
    RFLAGS_RF,
    RFLAGS_SF,
    RFLAGS_TF,
    RFLAGS_ZF,
)
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.modes import virtual_8086
from kvmdbg.machine.hw.operands import VALUE_64
from kvmdbg.machine.hw.state import Cpu, Hardware

ANY_LEVEL: Final = (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_DF | RFLAGS_OF | RFLAGS_NT
                    | RFLAGS_AC)
IOPL: Final = 3 << 12


@instruction("popf", operands=(VALUE_64,), length=1, source="SDM Vol. 2B POPF/POPFQ")
def run(hw: Hardware, cpu: Cpu, value: int) -> None:
    """Load RFLAGS with the operand, in place of what would lie on the stack; IF and IOPL only where the level may."""
    if virtual_8086(cpu):
        raise Unsupported("POPF in virtual-8086 mode is not modelled", "Leave that mode first.")
    level = cpl(cpu)
    loaded = ANY_LEVEL | (RFLAGS_IF if level <= cpu.rflags >> 12 & 3 else 0) | (0 if level else IOPL)
    cpu.rflags = (value & loaded | cpu.rflags & ~loaded) & ~RFLAGS_RF
