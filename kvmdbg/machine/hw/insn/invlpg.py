"""INVLPG m: forget one linear address."""

from __future__ import annotations

from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.controls import CPU_INVLPG_EXITING, EXIT_REASON_INVLPG
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction, primary
from kvmdbg.machine.hw.modes import long_mode
from kvmdbg.machine.hw.operands import LINEAR_ADDRESS
from kvmdbg.machine.hw.paging import MASK_32
from kvmdbg.machine.hw.state import Cpu, Hardware


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """With "INVLPG exiting": the qualification is the linear address."""
    return VmExit(EXIT_REASON_INVLPG, _address(cpu, operands[0])) if primary(hw, cpu, CPU_INVLPG_EXITING) else None


def _address(cpu: Cpu, la: int) -> int:
    """Outside 64-bit mode a linear address has 32 bits."""
    return la if long_mode(cpu) else la & MASK_32


@instruction("invlpg", operands=(LINEAR_ADDRESS,), source="SDM Vol. 2A INVLPG; Vol. 3A 4.10.4.1; Vol. 3C 25.1.3",
             privileged=True, exits=exits)
def run(hw: Hardware, cpu: Cpu, la: int) -> None:
    """Forget a linear address: the current PCID's translations of its page, and global ones; no-op if not canonical."""
    invalidate.invlpg(hw, cpu, _address(cpu, la))
