"""RDMSR: read a model-specific register."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_MSR_READ
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.msr_exits import msr_exits
from kvmdbg.machine.hw.msrs import read_msr
from kvmdbg.machine.hw.operands import MSR
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("rdmsr", length=2, operands=(MSR,), source="SDM Vol. 2B RDMSR; Vol. 3C 25.1.3", privileged=True,
             exits=msr_exits(EXIT_REASON_MSR_READ, write=False))
def run(hw: Hardware, cpu: Cpu, number: int) -> None:
    """Read a model-specific register into RAX, all 64 bits; #GP for one that this processor lacks."""
    value = read_msr(hw, cpu, number)
    if value is None:
        raise GuestFault("#GP")
    cpu.rax = value
