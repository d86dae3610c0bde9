"""Faults that KVM handles itself: direct pages, of EPT01 or for a guest without paging, and trapped writes (mmu.c, x86.c)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept, memory, paging
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_write_guest
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs
from kvmdbg.machine.kvm.pae_root import walk_start
from kvmdbg.machine.kvm.shadow import (
    ACC_ALL,
    ACC_WRITE,
    NONPAGING,
    PRESENT,
    WRITE_BACK,
    kvm_mmu_get_page,
    kvm_mmu_track_write,
    link_shadow_page,
    mmu_try_to_unsync_pages,
    page_table_spte,
    set_spte,
)
from kvmdbg.machine.kvm.state import Kvm, MmuRole, ShadowKey, Vcpu

FIXED: Final = "fixed"              # the guest can go on: re-execute
EMULATE: Final = "emulate"          # RET_PF_EMULATE: the write must be done by KVM
MMIO: Final = "mmio"                # no memslot there


def direct_page_fault(kvm: Kvm, vcpu: Vcpu, gpa: int, write: bool) -> str:
    """Map the frame of gpa in the current direct root: FIXED, EMULATE or MMIO (mmu.c: direct_page_fault())."""
    gfn = gpa >> 12
    pfn = gfn_to_pfn(kvm, gfn)
    if pfn is None:
        return MMIO
    root = kvm.mmu(vcpu).root
    table = descend(kvm, vcpu, root.hpa, root.role, gfn)
    writable = mmu_try_to_unsync_pages(kvm, vcpu, gfn)
    if root.role.kind == NONPAGING:
        spte = page_table_spte(pfn, ACC_ALL if writable else ACC_ALL & ~ACC_WRITE)
    else:
        spte = make_spte(pfn, ept.RIGHTS, writable, root.role)
    if set_spte(kvm, table + 8 * paging.index(gpa, 1), spte, gfn):
        kvm_flush_remote_tlbs(kvm, "mmu_set_spte")
    return FIXED if writable or not write else EMULATE


def descend(kvm: Kvm, vcpu: Vcpu, table: int, role: MmuRole, gfn: int) -> int:
    """Host-physical address of the direct level-1 page that maps gfn, made on the way if it is missing.  table: the root."""
    levels, table = walk_start(kvm, table, gfn << 12)
    for level in levels:
        address = table + 8 * paging.index(gfn << 12, level)
        entry = memory.read64(kvm.hw, address)
        if not entry & PRESENT:
            first = gfn & ~((1 << 9 * (level - 1)) - 1)
            child = kvm_mmu_get_page(kvm, vcpu, ShadowKey(role, True, level - 1, first))
            link_shadow_page(kvm, address, child, role)
            entry = child
        table = entry & ept.ADDRESS
    return table


def make_spte(pfn: int, rights: int, writable: bool, role: MmuRole) -> int:
    """A leaf SPTE (spte.c: make_spte()): write-back; A and D set at once where the root uses them."""
    spte = pfn | WRITE_BACK | ept.IGNORE_PAT | rights
    if not writable:
        spte &= ~ept.WRITE
    if not role.ad_disabled:
        spte |= ept.ACCESSED | (ept.DIRTY if spte & ept.WRITE else 0)
    return spte


def emulate_write(kvm: Kvm, vcpu: Vcpu, gpa: int, insn: Insn) -> None:
    """Do the trapped store for the guest, drop what the shadows made of the old entry, and step over it.

    Source: x86.c: x86_emulate_instruction() -> emulator_write_phys() -> kvm_page_track_write().
    """
    kvm_write_guest(kvm, gpa, insn.operands[-1])
    kvm_mmu_track_write(kvm, vcpu, gpa)
    kvm.count(vcpu.id, "insn_emulation")
    kvm.ops.skip_emulated_instruction(kvm, vcpu)
