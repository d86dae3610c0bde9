"""UD2: the undefined instruction."""

from __future__ import annotations

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("ud2", length=2, source="SDM Vol. 2B UD")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Raise #UD."""
    raise GuestFault("#UD")
