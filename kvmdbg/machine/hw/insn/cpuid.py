"""CPUID: the instruction that always leaves a guest."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_CPUID
from kvmdbg.machine.hw.instruction import always_exits, instruction
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("cpuid", length=2, source="SDM Vol. 2A CPUID; Vol. 3C 25.1.2", exits=always_exits(EXIT_REASON_CPUID))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Identify the processor: a VM exit in a guest, else nothing, as no result is modelled."""
