"""POP RAX: take eight bytes off the stack, as a handler does with an error code."""

from __future__ import annotations

from kvmdbg.machine.hw import access, segmentation
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("pop", length=1, source="SDM Vol. 2B POP")
def run(hw: Hardware, cpu: Cpu) -> None:
    """Load RAX from the stack, and move RSP up behind it."""
    cpu.rax = access.load(hw, cpu, segmentation.on_stack(cpu, cpu.rsp))
    cpu.rsp = cpu.rsp + 8 & 0xFFFF_FFFF_FFFF_FFFF
