"""When RDMSR and WRMSR leave a guest: "use MSR bitmaps" and the bitmaps (SDM Vol. 3C 25.1.3, 24.6.9)."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import Exits, Operands, primary
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.msrs import bitmap_exits
from kvmdbg.machine.hw.state import Cpu, Hardware


def msr_exits(reason: int, write: bool) -> Exits:
    """A VM exit without the bitmaps, for a register that they do not cover, and where its bit is 1; operand 0 is its number."""
    def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
        if primary(hw, cpu, CPU_USE_MSR_BITMAPS):
            page = vmcs.read(hw, cpu, F.MSR_BITMAP)
            if not bitmap_exits(lambda pa: read64(hw, pa), page, operands[0], write):
                return None
        return VmExit(reason)
    return exits
