"""Reading what a VMX instruction's memory operand names."""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.state import Cpu, Hardware


def read_64(hw: Hardware, cpu: Cpu, operand: Descriptor) -> int:
    """A 64-bit operand: given inline, or loaded from memory.  raises: as access.load."""
    return operand.low if operand.address is None else access.load(hw, cpu, operand.address)


def read_128(hw: Hardware, cpu: Cpu, operand: Descriptor) -> tuple[int, int]:
    """A 128-bit operand as (bits 63:0, bits 127:64).  raises: as access.load."""
    if operand.address is None:
        return operand.low, operand.high
    low = access.load(hw, cpu, operand.address)
    return low, access.load(hw, cpu, operand.address + 8 & 0xFFFF_FFFF_FFFF_FFFF)


def revision(hw: Hardware, region: int) -> int:
    """The first 32 bits of a VMXON or VMCS region: revision identifier, and bit 31 (shadow VMCS)."""
    return read64(hw, region & ~7) & 0xFFFF_FFFF
