"""IA32_PAT: the memory types that page-table entries choose from. Nothing is cached but translations, so it has no effect here."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.control_registers import pat_problem
from kvmdbg.machine.hw.msr_register import msr
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_PAT: Final = 0x277
PAT_RESET: Final = 0x0007_0406_0007_0406


def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
    if pat_problem(value):
        return False
    cpu.pat = value
    return True


msr(IA32_PAT, "IA32_PAT", source="SDM Vol. 3A 12.12", read=lambda hw, cpu: cpu.pat, write=write)
