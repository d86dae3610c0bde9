"""INTO: overflow trap."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import INTR_TYPE_SOFT_EXCEPTION, RFLAGS_OF
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.modes import long_mode
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("into", length=1, source="SDM Vol. 2A INT n/INTO/INT3/INT1", undefined=lambda hw, cpu: long_mode(cpu))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Raise #OF, a software exception, if RFLAGS.OF is 1; 64-bit mode does not have it."""
    if cpu.rflags & RFLAGS_OF:
        raise GuestFault("#OF", type=INTR_TYPE_SOFT_EXCEPTION)
