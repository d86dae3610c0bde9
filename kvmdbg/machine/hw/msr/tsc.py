"""IA32_TIME_STAMP_COUNTER, IA32_TSC_ADJUST, IA32_TSC_AUX.

Nothing takes time in the model, so the counter counts its own readings: each is one more than the last, and so a run gives the
same values every time.  All processors of the host share it; what one of them adds to it is its IA32_TSC_ADJUST.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.msr_register import keep, kept, kept_msr, msr
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_TIME_STAMP_COUNTER: Final = 0x10
IA32_TSC_ADJUST: Final = 0x3B
IA32_TSC_AUX: Final = 0xC000_0103
MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF
SOURCE: Final = "SDM Vol. 3B 18.17"


def rdtsc(hw: Hardware, cpu: Cpu) -> int:
    """The time-stamp counter of a processor, as its host sees it."""
    hw.clock.tsc += 1
    return hw.clock.tsc + kept(hw, cpu, IA32_TSC_ADJUST, 0) & MASK_64


def guest_rdtsc(hw: Hardware, cpu: Cpu) -> int:
    """As RDTSC, RDTSCP and RDMSR give it: with "use TSC offsetting" a guest sees the sum with the TSC offset (25.3)."""
    value = rdtsc(hw, cpu)
    if non_root(cpu) and vmcs.read(hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_TSC_OFFSETTING:
        value += vmcs.read(hw, cpu, F.TSC_OFFSET)
    return value & MASK_64


def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
    """What is added to the counter is added to IA32_TSC_ADJUST as well; the TSC offset has no part in a write."""
    adjust = kept(hw, cpu, IA32_TSC_ADJUST, 0)
    keep(hw, cpu, IA32_TSC_ADJUST, adjust + value - rdtsc(hw, cpu) & MASK_64)
    return True


msr(IA32_TIME_STAMP_COUNTER, "IA32_TIME_STAMP_COUNTER", source=SOURCE, read=guest_rdtsc, write=write)
kept_msr(IA32_TSC_ADJUST, "IA32_TSC_ADJUST", source="SDM Vol. 3B 18.17.3")
kept_msr(IA32_TSC_AUX, "IA32_TSC_AUX", source="SDM Vol. 3B 18.17.2", legal=lambda hw, value: not value >> 32)
