"""LIDT: where the interrupt-descriptor table lies."""

from __future__ import annotations

from kvmdbg.machine.hw import access
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import instruction
from kvmdbg.machine.hw.operands import LINEAR_ADDRESS, VALUE_64
from kvmdbg.machine.hw.state import Cpu, Hardware


@instruction("lidt", operands=(LINEAR_ADDRESS, VALUE_64), privileged=True, source="SDM Vol. 2A LGDT/LIDT")
def run(hw: Hardware, cpu: Cpu, base: int, limit: int) -> None:
    """Load the IDTR with a base and a limit (its low 16 bits); base 0 stands for a guest without handlers of its own."""
    if not access.paging_of(hw, cpu).canonical(base):
        raise GuestFault("#GP")
    cpu.descriptors = cpu.descriptors._replace(idtr_base=base, idtr_limit=limit & 0xFFFF)
