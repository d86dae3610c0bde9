"""I/O ports: who may use them, which of them exit, and the bytes in memory (SDM Vol. 1 19; Vol. 3C 25.1.3, 27.2.1).

The processor of the model has no devices of its own: what no VM exit takes away reads all ones and writes nothing.  The port is
taken from DX, so that any of 16 bits can be named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import access, vmcs
from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.controls import CPU_UNCOND_IO_EXITING, CPU_USE_IO_BITMAPS, CR0_PE, EXIT_REASON_IO_INSTRUCTION
from kvmdbg.machine.hw.events import Accessed
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.modes import virtual_8086
from kvmdbg.machine.hw.state import Cpu, Hardware

PORTS: Final = 1 << 16
QUALIFICATION_IN: Final = 1 << 3          # bits 2:0 are the size - 1
QUALIFICATION_STRING: Final = 1 << 4
PORT_SHIFT: Final = 16
BITMAP_PORTS: Final = 0x8000              # of each of the two bitmaps
SMALLEST_TSS: Final = 0x67                # limit of a TSS without a map of I/O permissions
BITS_64: Final = 64


def value_mask(size: int) -> int:
    """All ones in `size` bytes."""
    return (1 << 8 * size) - 1


def require_permission(cpu: Cpu) -> None:
    """The privilege that comes before a VM exit: IOPL, else the map of permissions in the TSS (SDM Vol. 1 19.5).

    raises: GuestFault #GP; Unsupported for a TSS that may have a map.
    """
    if not cpu.cr0 & CR0_PE or not virtual_8086(cpu) and cpl(cpu) <= cpu.rflags >> 12 & 3:
        return
    if cpu.descriptors.tr.limit > SMALLEST_TSS:
        raise Unsupported("the I/O permission bit map of a TSS is not modelled", "Raise IOPL, or use a TSS of 104 bytes.")
    raise GuestFault("#GP")


def exits(hw: Hardware, cpu: Cpu, port: int, size: int, kind: int, la: int = 0) -> VmExit | None:
    """The VM exit that an I/O instruction of a guest gives way to.  kind: QUALIFICATION_IN, QUALIFICATION_STRING.

    la: where a string instruction's bytes are in memory.    raises: as require_permission().
    """
    require_permission(cpu)
    primary = vmcs.read(hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL)
    if primary & CPU_USE_IO_BITMAPS:
        bitmaps = tuple(vmcs.read(hw, cpu, field) for field in (F.IO_BITMAP_A, F.IO_BITMAP_B))
        leaves = bitmap_exits(lambda pa: read64(hw, pa), bitmaps, port, size)
    else:
        leaves = bool(primary & CPU_UNCOND_IO_EXITING)
    return VmExit(EXIT_REASON_IO_INSTRUCTION, size - 1 | kind | port << PORT_SHIFT, gla=la) if leaves else None


def bitmap_exits(read: Callable[[int], int], bitmaps: tuple[int, ...], port: int, size: int) -> bool:
    """Does a bitmap want one of the ports?  An access that runs over the last port always exits.

    read: the 64 bits at an address; bitmaps: the addresses of A and B.
    """
    if port + size > PORTS:
        return True
    places = ((bitmaps[one // BITMAP_PORTS], one % BITMAP_PORTS) for one in range(port, port + size))
    return any(read(page + bit // BITS_64 * 8) >> bit % BITS_64 & 1 for page, bit in places)


def merged(cell: int, la: int, size: int, value: int) -> int:
    """A cell of 64 bits with `size` bytes of it replaced.  la: the address of the first one, which is in the cell."""
    shift = 8 * (la & 7)
    return cell & ~(value_mask(size) << shift) | (value & value_mask(size)) << shift


def register(old: int, size: int, value: int) -> int:
    """RAX after a read: AL and AX leave the rest alone, EAX clears the upper half."""
    return value if size == 4 else merged(old, 0, size, value)


def taken(cell: int, la: int, size: int) -> int:
    """Bytes out of a cell of 64 bits."""
    return cell >> 8 * (la & 7) & value_mask(size)


def refuse_straddling(la: int, size: int) -> None:
    """raises: Unsupported for bytes that do not lie in one cell of memory."""
    if (la & 7) + size > 8:
        raise Unsupported(f"{size} bytes at {la:#x} reach into the next eight: not modelled", "Align the address.")


def load(hw: Hardware, cpu: Cpu, la: int, size: int) -> int:
    """Read `size` bytes.  raises: as access.translate()."""
    return taken(access.load(hw, cpu, la), la, size)


def store(hw: Hardware, cpu: Cpu, la: int, size: int, value: int) -> None:
    """Write `size` bytes and no others.  raises: as access.translate()."""
    pa = access.translate(hw, cpu, la, "write") & ~7
    write64(hw, pa, merged(read64(hw, pa), la, size, value))
    hw.emit(Accessed, cpu.id, "write", la, pa, read64(hw, pa))
