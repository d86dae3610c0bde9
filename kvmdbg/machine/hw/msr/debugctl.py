"""IA32_DEBUGCTL: single-step on branches, last-branch records."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import DEBUGCTL_OFFERED
from kvmdbg.machine.hw.msr_register import msr
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_DEBUGCTL: Final = 0x1D9


def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
    if value & ~DEBUGCTL_OFFERED:
        return False
    cpu.debugctl = value
    return True


msr(IA32_DEBUGCTL, "IA32_DEBUGCTL", source="SDM Vol. 3B 18.4.1", read=lambda hw, cpu: cpu.debugctl, write=write)
