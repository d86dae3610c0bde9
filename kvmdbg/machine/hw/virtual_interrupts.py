"""Virtual-interrupt delivery: interrupts that the processor delivers to its guest by itself (SDM Vol. 3C 24.4.2, 29.1, 29.2).

Theory of operation.  The VMM leaves the vector that is requested in the low byte of the guest interrupt status (RVI), the one in
service in the high byte (SVI), and the guest's local APIC on the virtual-APIC page.  VM entry evaluates: if RVI's priority is
above the virtual processor priority, a virtual interrupt is recognized, and delivered as soon as the guest is interruptible.  In
the guest nothing but deliveries and EOIs changes RVI, SVI and VPPR, so that what is recognized can be read from them at any time.

A handler is not modelled: it ends at once, its EOI included, as that of every interrupt here.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import memory, vmcs
from kvmdbg.machine.hw.checking import Read, secondary_controls
from kvmdbg.machine.hw.controls import (
    CPU_INTERRUPT_WINDOW_EXITING,
    SEC_VIRTUAL_INTR_DELIVERY,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Cpu, Hardware

VTPR: Final = 0x80            # offsets on the virtual-APIC page
VPPR: Final = 0xA0
VISR: Final = 0x100           # eight words of 32 vectors, 16 bytes apart
VIRR: Final = 0x200
CLASS: Final = 0xF0           # a vector's priority class
EOI_EXIT_BITMAPS: Final = (F.EOI_EXIT_BITMAP0, F.EOI_EXIT_BITMAP1, F.EOI_EXIT_BITMAP2, F.EOI_EXIT_BITMAP3)


def delivers(hw: Hardware, read: Read) -> bool:
    """Is "virtual-interrupt delivery" 1?"""
    return hw.caps.virtual_interrupts and bool(secondary_controls(read) & SEC_VIRTUAL_INTR_DELIVERY)


def refuse_unmodelled(hw: Hardware, read: Read) -> None:
    """raises: Unsupported for VM exits by EOI, and for APIC accesses, which would be virtualized instead of exiting."""
    if not delivers(hw, read):
        return
    if any(read(bitmap) for bitmap in EOI_EXIT_BITMAPS):
        raise Unsupported("VM exits by EOI of a virtual interrupt are not modelled", "Leave the EOI-exit bitmaps 0.")
    if secondary_controls(read) & SEC_VIRTUALIZE_APIC_ACCESSES:
        raise Unsupported("APIC accesses are not virtualized together with virtual-interrupt delivery",
                          "Leave out one of the two controls.")


def enter(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """VM entry: PPR virtualization; what is pending then is evaluated (26.3.2.5)."""
    if delivers(hw, read):
        virtualize_ppr(hw, cpu)


def recognized(hw: Hardware, cpu: Cpu) -> bool:
    """Has the evaluation of pending virtual interrupts found one? (29.2.1)"""
    read = vmcs.reader(hw, cpu)
    if not delivers(hw, read) or read(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_INTERRUPT_WINDOW_EXITING:
        return False
    return requested(hw, cpu) & CLASS > register(hw, cpu, VPPR) & CLASS


def deliver(hw: Hardware, cpu: Cpu) -> int:
    """Put the requested vector into service and return it (29.2.2)."""
    vector = requested(hw, cpu)
    set_vector(hw, cpu, VISR, vector, True)
    set_register(hw, cpu, VPPR, vector & CLASS)
    set_vector(hw, cpu, VIRR, vector, False)
    vmcs.write(hw, cpu, F.GUEST_INTR_STATUS, vector << 8 | highest_vector(hw, cpu, VIRR))
    return vector


def virtualize_eoi(hw: Hardware, cpu: Cpu) -> None:
    """The guest's EOI: the vector in service is done with, and the next one in service counts (29.1.4)."""
    set_vector(hw, cpu, VISR, in_service(hw, cpu), False)
    vmcs.write(hw, cpu, F.GUEST_INTR_STATUS, highest_vector(hw, cpu, VISR) << 8 | requested(hw, cpu))
    virtualize_ppr(hw, cpu)


def virtualize_ppr(hw: Hardware, cpu: Cpu) -> None:
    """VPPR is VTPR, or the class of what is in service if that is higher (29.1.3)."""
    vtpr, svi = register(hw, cpu, VTPR) & 0xFF, in_service(hw, cpu)
    set_register(hw, cpu, VPPR, vtpr if vtpr & CLASS >= svi & CLASS else svi & CLASS)


# -- the guest interrupt status and the page ---------------------------------------------------------------------------


def requested(hw: Hardware, cpu: Cpu) -> int:
    """RVI, 0 for none."""
    return vmcs.read(hw, cpu, F.GUEST_INTR_STATUS) & 0xFF


def in_service(hw: Hardware, cpu: Cpu) -> int:
    """SVI, 0 for none."""
    return vmcs.read(hw, cpu, F.GUEST_INTR_STATUS) >> 8


def register(hw: Hardware, cpu: Cpu, offset: int) -> int:
    """32 bits of the virtual-APIC page."""
    address = vmcs.read(hw, cpu, F.VIRTUAL_APIC_PAGE_ADDR) + offset
    return memory.read64(hw, address & ~7) >> 8 * (address & 4) & 0xFFFF_FFFF


def set_register(hw: Hardware, cpu: Cpu, offset: int, value: int) -> None:
    """Store 32 bits on the virtual-APIC page, if they change."""
    address = vmcs.read(hw, cpu, F.VIRTUAL_APIC_PAGE_ADDR) + offset
    if value != register(hw, cpu, offset):
        shift = 8 * (address & 4)
        kept = memory.read64(hw, address & ~7) & ~(0xFFFF_FFFF << shift)
        memory.write64(hw, address & ~7, kept | value << shift)


def set_vector(hw: Hardware, cpu: Cpu, base: int, vector: int, on: bool) -> None:
    """One bit of VISR or VIRR."""
    offset = base + (vector >> 5) * 0x10
    bit = 1 << (vector & 31)
    set_register(hw, cpu, offset, register(hw, cpu, offset) & ~bit | (bit if on else 0))


def highest_vector(hw: Hardware, cpu: Cpu, base: int) -> int:
    """The highest vector of VISR or VIRR, 0 for none."""
    words = (register(hw, cpu, base + i * 0x10) << 32 * i for i in range(8))
    return max(sum(words).bit_length() - 1, 0)
