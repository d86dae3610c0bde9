"""OUTS: write memory to an I/O port, once (without REP)."""

from __future__ import annotations

from kvmdbg.machine.hw import ports, segmentation
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction
from kvmdbg.machine.hw.operands import ADDRESS, IO_SIZE, PORT, LogicalAddress, optional
from kvmdbg.machine.hw.state import Cpu, Hardware


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """As the I/O bitmaps or "unconditional I/O exiting" say, before memory is looked at."""
    port, address, size = operands
    la = segmentation.linear(cpu, address)
    ports.refuse_straddling(la, size or 1)
    return ports.exits(hw, cpu, port, size or 1, ports.QUALIFICATION_STRING, la)


@instruction("outs", operands=(PORT, ADDRESS, optional(IO_SIZE)), exits=exits, length=1,
             source="SDM Vol. 2B OUTS; Vol. 1 19; Vol. 3C 25.1.3")
def run(hw: Hardware, cpu: Cpu, port: int, address: int | LogicalAddress, size: int | None) -> None:
    """Read 1, 2 or 4 bytes of memory and write them to a port."""
    ports.require_permission(cpu)
    la = segmentation.checked(cpu, address)
    ports.refuse_straddling(la, size or 1)
    ports.load(hw, cpu, la, size or 1)
