"""INVLPG m: forget one linear address."""

from __future__ import annotations

from kvmdbg.machine.hw import invalidate, segmentation
from kvmdbg.machine.hw.controls import CPU_INVLPG_EXITING, EXIT_REASON_INVLPG
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction, primary
from kvmdbg.machine.hw.operands import ADDRESS, LogicalAddress
from kvmdbg.machine.hw.state import Cpu, Hardware


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """With "INVLPG exiting": the qualification is the linear address, the segment's base in it."""
    leaves = primary(hw, cpu, CPU_INVLPG_EXITING)
    return VmExit(EXIT_REASON_INVLPG, segmentation.linear(cpu, operands[0])) if leaves else None


@instruction("invlpg", operands=(ADDRESS,), forms=("invlpg ADDRESS", "invlpg fs:OFFSET"), privileged=True, exits=exits,
             source="SDM Vol. 2A INVLPG; Vol. 3A 4.10.4.1; Vol. 3C 25.1.3")
def run(hw: Hardware, cpu: Cpu, address: int | LogicalAddress) -> None:
    """Forget a linear address: the current PCID's translations of its page, and global ones; no-op if not canonical.

    The base of the segment counts, its limit and its type do not: the operand is never accessed.
    """
    invalidate.invlpg(hw, cpu, segmentation.linear(cpu, address))
