"""An instruction fetch at a linear address, as a jump there would make it; RIP goes on as usual."""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import LINEAR_ADDRESS
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("fetch", operands=(LINEAR_ADDRESS,), source="SDM Vol. 3A 4.6")
def run(hw: Hardware, cpu: Cpu, la: int) -> None:
    """Fetch instruction bytes at a linear address; what they say is not modelled."""
    access.fetch(hw, cpu, la)
