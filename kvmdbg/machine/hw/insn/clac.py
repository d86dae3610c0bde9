"""CLAC: the kernel keeps out of user pages again."""

from __future__ import annotations

from kvmdbg.machine.hw.access import RFLAGS_AC, cpl
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("clac", length=3, source="SDM Vol. 2 CLAC; Vol. 3A 4.6.1")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Clear RFLAGS.AC, the leave that SMAP gives; only the kernel may.

    raises: GuestFault #UD in any other mode.
    """
    if cpl(cpu):
        raise GuestFault("#UD")
    cpu.rflags &= ~RFLAGS_AC
