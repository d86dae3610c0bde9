"""Model-specific registers: the filled catalogue, what RDMSR reads and WRMSR does, and the MSR bitmaps (SDM Vol. 4 2.1).

A register that the model keeps nowhere does not exist on its processor: RDMSR and WRMSR raise #GP(0).  The VMX capability
MSRs are read-only; their values are in capabilities.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.catalog import open_drawer
from kvmdbg.machine.hw import capabilities
from kvmdbg.machine.hw.msr_register import MSRS, Msr
from kvmdbg.machine.hw.state import Cpu, Hardware

open_drawer("kvmdbg.machine.hw.msr")

BY_NUMBER: Final[dict[int, Msr]] = {msr.number: msr for msr in MSRS}
NUMBERS: Final[dict[str, int]] = {msr.name: msr.number for msr in MSRS} | capabilities.NUMBERS


def read_msr(hw: Hardware, cpu: Cpu, number: int) -> int | None:
    """What RDMSR gives; None asks for #GP(0)."""
    if number in BY_NUMBER:
        return BY_NUMBER[number].read(hw, cpu)
    return capabilities.vmx_msrs(hw.caps).get(number)


def write_msr(hw: Hardware, cpu: Cpu, number: int, value: int) -> bool:
    """WRMSR; False asks for #GP(0), nothing having changed."""
    return number in BY_NUMBER and BY_NUMBER[number].write(hw, cpu, value)


# -- MSR bitmaps (SDM Vol. 3C 24.6.9) ---------------------------------------------------------------------------------------

HIGH: Final = 0xC000_0000            # first register of the upper half; each bitmap covers 2000H registers
COVERED: Final = 0x2000
READS: Final = 0                     # offset of the bitmap for reads of the lower half; the upper half's follows it
WRITES: Final = 0x800
UPPER: Final = 0x400


def bitmap_bit(number: int, write: bool) -> tuple[int, int] | None:
    """(byte offset, bit 0..7) of a register in the page of MSR bitmaps; None for one that they do not cover."""
    if number < COVERED:
        half = 0
    elif HIGH <= number < HIGH + COVERED:
        half = UPPER
    else:
        return None
    index = number & COVERED - 1
    return (WRITES if write else READS) + half + index // 8, index % 8


def bitmap_exits(read: Callable[[int], int], page: int, number: int, write: bool) -> bool:
    """Do the MSR bitmaps at physical address `page` ask for a VM exit?  read: the 64 bits around an address."""
    place = bitmap_bit(number, write)
    if place is None:
        return True
    offset, bit = place
    return bool(read(page + offset & ~7) >> 8 * (offset & 7) + bit & 1)
