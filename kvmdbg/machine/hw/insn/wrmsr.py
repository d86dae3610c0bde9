"""WRMSR: write a model-specific register."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_MSR_WRITE
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.msr_exits import msr_exits
from kvmdbg.machine.hw.msrs import write_msr
from kvmdbg.machine.hw.operands import MSR, VALUE_64
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("wrmsr", length=2, operands=(MSR, VALUE_64), source="SDM Vol. 2D WRMSR; Vol. 3C 25.1.3", privileged=True,
             exits=msr_exits(EXIT_REASON_MSR_WRITE, write=True))
def run(hw: Hardware, cpu: Cpu, number: int, value: int) -> None:
    """Write a model-specific register; #GP for one that this processor lacks, and for a value that it refuses."""
    if not write_msr(hw, cpu, number, value):
        raise GuestFault("#GP")
