"""OUT: write an I/O port."""

from __future__ import annotations

from kvmdbg.machine.hw import ports
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction
from kvmdbg.machine.hw.operands import IO_SIZE, PORT, VALUE_64, optional
from kvmdbg.machine.hw.state import Cpu, Hardware


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """As the I/O bitmaps or "unconditional I/O exiting" say."""
    port, _, size = operands
    return ports.exits(hw, cpu, port, size or 1, 0)


@instruction("out", operands=(PORT, VALUE_64, optional(IO_SIZE)), exits=exits, length=1,
             source="SDM Vol. 2B OUT; Vol. 1 19; Vol. 3C 25.1.3")
def run(hw: Hardware, cpu: Cpu, port: int, value: int, size: int | None) -> None:
    """Write 1, 2 or 4 bytes to a port; where nobody listens nothing happens."""
    ports.require_permission(cpu)
