"""host memslot: user space takes memory from the VM, or gives it some (KVM_SET_USER_MEMORY_REGION)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import NUMBER, OperandType, optional, value_64
from kvmdbg.machine.kvm.apic_access_page import has_apic_access_page
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, memslots
from kvmdbg.machine.kvm.memslots import create_memslot, delete_memslot, overlaps
from kvmdbg.machine.kvm.state import Kvm, Vcpu

CREATE: Final = "create"
DELETE: Final = "delete"
WORDS: Final = (CREATE, DELETE)
DEED: Final = OperandType("deed", f"{CREATE} or {DELETE}", lambda text: text.lower() if text.lower() in WORDS else None, WORDS)
PAGES: Final = optional(OperandType("pages", f"how many 4-KiB pages, {NUMBER}", value_64))


@host_event("memslot", operands=(DEED, GFN, PAGES), of_vm=True,
            source="kvm_main.c: kvm_set_memory_region(); mmu.c: kvm_mmu_zap_all_fast(); kvm.md D, J.2.3")
def happen(kvm: Kvm, vcpu: Vcpu, deed: str, gfn: int, pages: int | None) -> None:
    """Create a slot of PAGES pages from a frame on, or delete the one that begins there, which costs every page table of the VM."""
    if deed == DELETE:
        if gfn not in kvm.memslots or pages not in (None, kvm.memslots[gfn]):
            raise UserError(f"host memslot: no slot of {pages} pages begins at gfn {gfn:#x}" if pages else
                            f"host memslot: no slot begins at gfn {gfn:#x}", f"The VM's memory: {memslots(kvm)}.")
        if has_apic_access_page(kvm, gfn):
            raise UserError(f"host memslot: the slot at gfn {gfn:#x} is KVM's own, for the APIC-access page",
                            "User space has no name for it.")
        delete_memslot(kvm, gfn)
        return
    if not pages or gfn + pages << 12 > 1 << kvm.hw.caps.maxphyaddr:
        raise UserError(f"host memslot: {pages or 'no'} pages from gfn {gfn:#x} make no slot",
                        f"Give a number of pages that ends within {kvm.hw.caps.maxphyaddr} address bits.")
    if overlaps(kvm, gfn, pages):
        raise UserError(f"host memslot: gfn {gfn:#x} to {gfn + pages - 1:#x} has memory already",
                        f"The VM's memory: {memslots(kvm)}.")
    create_memslot(kvm, gfn, pages)
