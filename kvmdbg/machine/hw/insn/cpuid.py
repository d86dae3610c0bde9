"""CPUID: the instruction that always leaves a guest."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_CPUID
from kvmdbg.machine.hw.cpuid_leaves import NOTHING, leaves
from kvmdbg.machine.hw.instruction import always_exits, instruction
from kvmdbg.machine.hw.operands import CPUID_REGISTER, LEAF, optional
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("cpuid", length=2, operands=(optional(LEAF), optional(CPUID_REGISTER)),
             forms=("cpuid", "cpuid LEAF [eax|ebx|ecx|edx]"), source="SDM Vol. 2A CPUID; Vol. 3C 25.1.2",
             exits=always_exits(EXIT_REASON_CPUID))
def run(hw: Hardware, cpu: Cpu, leaf: int | None, register: str | None) -> None:
    """Identify the processor: a VM exit in a guest. Of a leaf, one register comes into RAX: EAX, unless another is named."""
    if leaf is not None:
        cpu.rax = getattr(leaves(hw.caps, cpu.cr4).get(leaf, NOTHING), register or "eax")
