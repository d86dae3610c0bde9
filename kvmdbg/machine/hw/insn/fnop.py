"""FNOP: an instruction of the x87 unit."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import CR0_EM, CR0_TS
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("fnop", length=2, source="SDM Vol. 2A FNOP; Vol. 3A 2.5")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Do nothing, in the x87 unit: with CR0.TS or CR0.EM it raises #NM."""
    if cpu.cr0 & (CR0_TS | CR0_EM):
        raise GuestFault("#NM")
