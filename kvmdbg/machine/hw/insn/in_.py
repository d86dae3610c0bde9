"""IN: read an I/O port."""

from __future__ import annotations

from kvmdbg.machine.hw import ports
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.instruction import Operands, instruction
from kvmdbg.machine.hw.operands import IO_SIZE, PORT, optional
from kvmdbg.machine.hw.state import Cpu, Hardware


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """As the I/O bitmaps or "unconditional I/O exiting" say."""
    port, size = operands
    return ports.exits(hw, cpu, port, size or 1, ports.QUALIFICATION_IN)


@instruction("in", operands=(PORT, optional(IO_SIZE)), exits=exits, length=1,
             source="SDM Vol. 2A IN; Vol. 1 19; Vol. 3C 25.1.3")
def run(hw: Hardware, cpu: Cpu, port: int, size: int | None) -> None:
    """Read 1, 2 or 4 bytes of a port into RAX; where nobody answers they are all ones."""
    ports.require_permission(cpu)
    cpu.rax = ports.register(cpu.rax, size or 1, ports.value_mask(size or 1))
