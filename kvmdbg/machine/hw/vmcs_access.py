"""VMREAD and VMWRITE: which VMCS they reach, and when a guest's gives way to a VM exit (SDM Vol. 3C 25.1.3, 30.3).

In VMX root operation that is the current VMCS.  In non-root operation each is a VM exit, unless "VMCS shadowing" is 1 and the
bitmap of the instruction leaves the field alone; then it reaches the VMCS that the link pointer names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import SEC_SHADOW_VMCS
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import Exits, Operands
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.modes import long_mode, non_root
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.state import Cpu, Hardware

UNSUPPORTED_FIELD: Final = 12
READ_ONLY_FIELD: Final = 13
MASK_32: Final = 0xFFFF_FFFF
BITS_OF_BITMAP: Final = 15            # a bitmap is a page: one bit for each encoding of 15 bits


def exits_by_bitmap(reason: int, bitmap: int) -> Exits:
    """The VM exit of VMREAD or VMWRITE with its memory operand's displacement.  bitmap: the field that names its bitmap's page."""
    def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
        encoding, other = operands
        read = vmcs.reader(hw, cpu)
        if secondary_controls(read) & SEC_SHADOW_VMCS and not intercepted(lambda pa: read64(hw, pa), read(bitmap), encoding):
            return None
        return VmExit(reason, other.address or 0 if isinstance(other, Descriptor) else 0)
    return exits


def intercepted(read: Callable[[int], int], bitmap: int, encoding: int) -> bool:
    """Does the bitmap at address `bitmap` ask for a VM exit?  It always happens where the encoding has a bit above 14.

    read: the 64 bits at an address.
    """
    if encoding >> BITS_OF_BITMAP:
        return True
    byte = bitmap + (encoding >> 3)
    return bool(read(byte & ~7) >> 8 * (byte & 7) + (encoding & 7) & 1)


def accessed(hw: Hardware, cpu: Cpu) -> int:
    """The VMCS that the instruction reaches; NO_VMCS, all ones, if there is none."""
    return vmcs.read(hw, cpu, F.VMCS_LINK_POINTER) if non_root(cpu) else cpu.current_vmcs


def operand(cpu: Cpu, value: int) -> int:
    """`value` as a register or memory operand of the instruction holds it: 64 bits in 64-bit mode, else 32."""
    return value if long_mode(cpu) else value & MASK_32
