"""IA32_FEATURE_CONTROL: firmware allows VMX operation, and locks the register. Here it has done both."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr_register import keep, kept, msr
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_FEATURE_CONTROL: Final = 0x3A
LOCKED: Final = 1 << 0
VMX_INSIDE_SMX: Final = 1 << 1
VMX_OUTSIDE_SMX: Final = 1 << 2
VMXON_NEEDED_FEATURES: Final = LOCKED | VMX_OUTSIDE_SMX
SOURCE: Final = "SDM Vol. 3C 23.7; Vol. 4 table 2-2"


def read(hw: Hardware, cpu: Cpu) -> int:
    return kept(hw, cpu, IA32_FEATURE_CONTROL, VMXON_NEEDED_FEATURES)


def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
    """#GP for a locked one, and for a bit that the processor does not have: it has no SMX."""
    if read(hw, cpu) & LOCKED or value & ~VMXON_NEEDED_FEATURES:
        return False
    keep(hw, cpu, IA32_FEATURE_CONTROL, value)
    return True


def allows_vmxon(value: int) -> bool:
    """Locked, and VMX operation is allowed outside SMX operation."""
    return value & VMXON_NEEDED_FEATURES == VMXON_NEEDED_FEATURES


msr(IA32_FEATURE_CONTROL, "IA32_FEATURE_CONTROL", source=SOURCE, read=read, write=write)
