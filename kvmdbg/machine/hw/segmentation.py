"""From a logical address (segment:offset) to a linear one, and what a segment forbids (SDM Vol. 3A 3.3, 3.4, 5.3 to 5.5).

A plain number as operand is a linear address already, as compilers for flat segments make it.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import AR_DB, AR_S, AR_UNUSABLE, CR0_PE, CR4_LA57
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.modes import long_mode, virtual_8086
from kvmdbg.machine.hw.operands import LogicalAddress
from kvmdbg.machine.hw.state import Cpu, Segment

WITH_BASE_IN_64_BIT_MODE: Final = ("fs", "gs")
MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF
MASK_32: Final = 0xFFFF_FFFF
MASK_16: Final = 0xFFFF

AR_CODE: Final = 1 << 3            # type of a code or data segment: 1 code, 0 data
AR_EXPAND_DOWN: Final = 1 << 2     # of data
AR_RW: Final = 1 << 1              # data may be written, code may be read
OPERAND_BYTES: Final = 8           # every access is of 64 bits


def linear(cpu: Cpu, operand: int | LogicalAddress) -> int:
    """The linear address, without any test: what INVLPG takes, which asks for no right and no limit.

    In 64-bit mode only FS and GS have a base; in the other modes linear addresses have 32 bits.
    """
    mask = MASK_64 if long_mode(cpu) else MASK_32
    if isinstance(operand, int):
        return operand & mask
    segment = _segment(cpu, operand.segment)
    base = segment.base if not long_mode(cpu) or operand.segment in WITH_BASE_IN_64_BIT_MODE else 0
    return base + operand.offset & mask


def checked(cpu: Cpu, operand: int | LogicalAddress, write: bool = False) -> int:
    """The linear address of an access of 64 bits to memory.

    raises: GuestFault #GP, for SS #SS, where the segment is unusable, ends before, or does not allow it; 64-bit mode asks
    for none of these, but an address behind SS must be canonical (of any other that is paging's question).
    """
    if isinstance(operand, LogicalAddress) and operand.segment == "ss" and long_mode(cpu):
        return on_stack(cpu, linear(cpu, operand))
    if isinstance(operand, LogicalAddress) and not long_mode(cpu):
        segment = _segment(cpu, operand.segment)
        if forbids(segment, write, protected=bool(cpu.cr0 & CR0_PE) and not virtual_8086(cpu)) or beyond(segment, operand.offset):
            raise GuestFault("#SS" if operand.segment == "ss" else "#GP")
    return linear(cpu, operand)


def on_stack(cpu: Cpu, la: int, error_code: int = 0) -> int:
    """The linear address of a push or a pop.  raises: GuestFault #SS in 64-bit mode where it is not canonical."""
    sign = 56 if cpu.cr4 & CR4_LA57 else 47
    if long_mode(cpu) and la >> sign not in (0, MASK_64 >> sign):
        raise GuestFault("#SS", error_code)
    return la


def forbids(segment: Segment, write: bool, protected: bool) -> bool:
    """Is the segment unusable, or of a type without the right? Types count in protected mode only."""
    if segment.ar & AR_UNUSABLE:
        return True
    if not protected or not segment.ar & AR_S:
        return protected
    if segment.ar & AR_CODE:
        return write or not segment.ar & AR_RW
    return write and not segment.ar & AR_RW


def beyond(segment: Segment, offset: int) -> bool:
    """Does the operand leave the segment? An expand-down one begins behind its limit."""
    last = (offset & MASK_32) + OPERAND_BYTES - 1
    if segment.ar & AR_S and not segment.ar & AR_CODE and segment.ar & AR_EXPAND_DOWN:
        top = MASK_32 if segment.ar & AR_DB else MASK_16
        return offset & MASK_32 <= segment.limit or last > top
    return last > segment.limit


def _segment(cpu: Cpu, name: str) -> Segment:
    found: Segment = getattr(cpu.descriptors, name)
    return found
