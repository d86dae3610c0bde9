"""The IDT of L1 or L2, written as that level's software would: 64-bit gates in its memory (SDM Vol. 3A 6.14.1)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.delivery import GATE_BYTES, INTERRUPT_GATE, TRAP_GATE, VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import tables, vmcs12
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import KERNEL_CS

NAMES: Final = tuple(name.removeprefix("#") for name in VECTORS)
PRESENT: Final = 1 << 47
MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF


def vector_of(text: str) -> int:
    """A vector by its name or number.  raises: UserError."""
    named = VECTORS.get(f"#{text.upper().removeprefix('#')}")
    if named is not None:
        return named
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFF:
        raise UserError(f"{text!r} is no vector", f"A number from 0 to 255, or one of {', '.join(NAMES)}.")
    return number


def idtr_of(kvm: Kvm, vcpu: Vcpu, level: str) -> tuple[int, int]:
    """(base, limit) of a level's IDTR as of now, wherever it is kept.  raises: UserError when there is no L2."""
    running = "L2" if vcpu.guest_mode else "L1"
    if level == running and tables.in_guest(vcpu):
        idt = kvm.cpu(vcpu).descriptors
        return idt.idtr_base, idt.idtr_limit
    if level == "L1" or vcpu.guest_mode:
        region = kvm.vmcs01(vcpu) if level == "L1" else vcpu.vmcs02
        return vmcs.peek(kvm.hw, region, F.GUEST_IDTR_BASE), vmcs.peek(kvm.hw, region, F.GUEST_IDTR_LIMIT)
    tables.need_vmcs12(vcpu)
    return vmcs12.get(kvm, vcpu, F.GUEST_IDTR_BASE), vmcs12.get(kvm, vcpu, F.GUEST_IDTR_LIMIT)


def set_gate(kvm: Kvm, vcpu: Vcpu, level: str, vector: int, handler: int, trap: bool = False) -> None:
    """Write a gate into the level's IDT; handler: linear address.

    trap: a trap gate, which leaves RFLAGS.IF alone; else an interrupt gate.

    raises: UserError when its IDTR has base 0 or too low a limit, or its tables do not map the gate; nothing is changed then.
    """
    base, limit = idtr_of(kvm, vcpu, level)
    if not base:
        raise UserError(f"{level} has set up no IDT: its IDTR has base 0",
                        "Give it one: `inject lidt BASE, LIMIT` while it runs, or GUEST_IDTR_BASE=... in `vmcs12`.")
    at = base + GATE_BYTES * vector
    if GATE_BYTES * vector + GATE_BYTES - 1 > limit:
        raise UserError(f"vector {vector} lies above the limit {limit:#x} of {level}'s IDT",
                        "Raise the limit: 0xfff holds all 256.")
    kind = TRAP_GATE if trap else INTERRUPT_GATE
    low = handler & 0xFFFF | KERNEL_CS << 16 | kind << 40 | PRESENT | (handler & 0xFFFF_0000) << 32
    for address, value in ((at, low), (at + 8, handler >> 32)):
        poke_linear(kvm, vcpu, level, address, value & MASK_64)


def poke_linear(kvm: Kvm, vcpu: Vcpu, level: str, address: int, value: int) -> None:
    """Write 64 bits at a linear address of a level, as its software would.  raises: UserError where its tables map nothing."""
    last = tables.walk(kvm, vcpu, level, address)[-1]
    shape = tables.paging_of(kvm, vcpu, level)
    if not last.value & 1 or not shape.is_leaf(last.value, last.level):
        raise UserError(f"{level} does not map {address:#x}", f"Map it first: map {level} {address & ~0xFFF:#x} TARGET.")
    page = shape.page(last.value, last.level) + (address & shape.page_size(last.level) - 1)
    gpa = tables.to_l1(kvm, vcpu, level, page, None)
    if gpa is None:
        raise UserError(f"EPT12 does not map L2's page {page:#x}", f"Map it first: map ept12 {page & ~0xFFF:#x} TARGET.")
    tables.poke(kvm, vcpu, gpa, value, level)
