"""STAC: the kernel takes leave to use user pages."""

from __future__ import annotations

from kvmdbg.machine.hw.access import RFLAGS_AC, cpl
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("stac", length=3, source="SDM Vol. 2 STAC; Vol. 3A 4.6.1")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Set RFLAGS.AC, which SMAP heeds; only the kernel may.

    raises: GuestFault #UD in any other mode.
    """
    if cpl(cpu):
        raise GuestFault("#UD")
    cpu.rflags |= RFLAGS_AC
