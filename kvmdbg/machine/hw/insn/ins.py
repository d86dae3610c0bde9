"""INS: read an I/O port into memory, once (without REP)."""

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
    return ports.exits(hw, cpu, port, size or 1, ports.QUALIFICATION_IN | ports.QUALIFICATION_STRING, la)


@instruction("ins", operands=(PORT, ADDRESS, optional(IO_SIZE)), exits=exits, length=1,
             source="SDM Vol. 2A INS; Vol. 1 19; Vol. 3C 25.1.3")
def run(hw: Hardware, cpu: Cpu, port: int, address: int | LogicalAddress, size: int | None) -> None:
    """Read 1, 2 or 4 bytes of a port and store them in memory."""
    ports.require_permission(cpu)
    la = segmentation.checked(cpu, address, write=True)
    ports.refuse_straddling(la, size or 1)
    ports.store(hw, cpu, la, size or 1, ports.value_mask(size or 1))
