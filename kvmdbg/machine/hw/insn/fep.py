"""UD2 and three letters, and an instruction behind them: what KVM calls the forced emulation prefix. To the processor it is UD2."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware

PREFIX: Final = 5                         # bytes: UD2 and "kvm"
SOURCE: Final = "SDM Vol. 2B UD"


@instruction("fep-hlt", length=PREFIX + 1, source=SOURCE)
def hlt(hw: Hardware, cpu: Cpu) -> None:
    """Raise #UD; with `machine force_emulation_prefix=1` KVM emulates the HLT behind it."""
    raise GuestFault("#UD")


@instruction("fep-nop", length=PREFIX + 1, source=SOURCE)
def nop(hw: Hardware, cpu: Cpu) -> None:
    """Raise #UD; with `machine force_emulation_prefix=1` KVM emulates the NOP behind it."""
    raise GuestFault("#UD")


@instruction("fep-pause", length=PREFIX + 2, source=SOURCE)
def pause(hw: Hardware, cpu: Cpu) -> None:
    """Raise #UD; with `machine force_emulation_prefix=1` KVM emulates the PAUSE behind it."""
    raise GuestFault("#UD")
