"""IA32_EFER: IA-32e mode, XD, SYSCALL."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.control_registers import efer_problem
from kvmdbg.machine.hw.controls import CR0_PG, EFER_LMA, EFER_LME
from kvmdbg.machine.hw.msr_register import msr
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_EFER: Final = 0xC000_0080


def efer_after_write(value: int, old: int, paging: bool) -> int | None:
    """IA32_EFER after WRMSR: LMA keeps its value whatever is written; None for what the processor refuses.

    LME cannot change while paging is on.  Nothing is invalidated: software flushes after a change of NXE.
    """
    if efer_problem(value) or paging and (value ^ old) & EFER_LME:
        return None
    return value & ~EFER_LMA | old & EFER_LMA


def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
    new = efer_after_write(value, cpu.efer, bool(cpu.cr0 & CR0_PG))
    if new is None:
        return False
    cpu.efer = new
    return True


msr(IA32_EFER, "IA32_EFER", source="SDM Vol. 3A 2.2.1", read=lambda hw, cpu: cpu.efer, write=write)
