"""Shadow paging: a #PF of a guest whose page tables KVM shadows (mmu.c, paging_tmpl.h with PTTYPE 64).

Without EPT the processor walks KVM's own tables, so each #PF of the guest is KVM's first.  Either the guest's tables explain
it, then the guest gets it, or the shadow lags behind them and is filled in.  Guest-physical addresses are L1's throughout: an
L1 without EPT gives its L2 the addresses that it has itself.
"""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.machine.hw import memory, paging
from kvmdbg.machine.hw.access import RFLAGS_AC
from kvmdbg.machine.hw.controls import CR0_WP, CR4_SMAP, CR4_SMEP
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs
from kvmdbg.machine.kvm.nested_ept import descend
from kvmdbg.machine.kvm.shadow import (
    ACC_ALL,
    ACC_EXEC,
    ACC_USER,
    ACC_WRITE,
    gpte_access,
    mmu_try_to_unsync_pages,
    page_table_spte,
    set_spte,
    sync_address,
)
from kvmdbg.machine.kvm.state import Kvm, MmuRole, ShadowKey, Vcpu
from kvmdbg.machine.kvm.tdp import EMULATE, FIXED, MMIO
from kvmdbg.machine.kvm.vmx_ops import read


class Filled(NamedTuple):
    """The shadow was brought up to the guest's tables."""

    outcome: str         # FIXED, EMULATE or MMIO
    gpa: int             # what the linear address translates to


class PageFault(NamedTuple):
    """The guest's own tables explain the fault (struct x86_exception)."""

    error_code: int
    address: int


def page_fault(kvm: Kvm, vcpu: Vcpu, gva: int, error_code: int) -> Filled | PageFault:
    """A #PF that the processor raised on KVM's tables (paging_tmpl.h: FNAME(page_fault)())."""
    found = walk_addr(kvm, vcpu, gva, error_code)
    if isinstance(found, PageFault):
        if found.error_code & paging.PF_PRESENT and not found.error_code & paging.PF_RESERVED:
            invalidate_before_injecting(kvm, vcpu, gva)
        return found
    write = bool(error_code & paging.PF_WRITE)
    access = leaf_access(kvm, vcpu, found, error_code)
    return Filled(fetch(kvm, vcpu, gva, found, access, write), found.address)


# -- the guest's tables --------------------------------------------------------------------------------------------


def walk_addr(kvm: Kvm, vcpu: Vcpu, gva: int, error_code: int) -> paging.Walk | PageFault:
    """Walk the guest's tables for an access and set their A and D flags, or say which #PF they make of it (FNAME(walk_addr)())."""
    walk = walk_guest(kvm, vcpu, gva)
    asked = error_code & (paging.PF_WRITE | paging.PF_USER)
    if error_code & paging.PF_FETCH and (guest_paging(kvm, vcpu).nxe or vcpu.cr4 & CR4_SMEP):
        asked |= paging.PF_FETCH
    if not walk.mapped:
        return PageFault(asked | (paging.PF_PRESENT | paging.PF_RESERVED if walk.reserved else 0), gva)
    if not permitted(kvm, vcpu, walk, error_code):
        return PageFault(asked | paging.PF_PRESENT, gva)
    update_accessed_dirty_bits(kvm, walk, bool(error_code & paging.PF_WRITE))
    return walk_guest(kvm, vcpu, gva)


def walk_guest(kvm: Kvm, vcpu: Vcpu, gva: int) -> paging.Walk:
    """The tables at the guest's CR3 as its memory has them now."""
    return paging.software_walk(lambda address: kvm_read_guest(kvm, address), guest_paging(kvm, vcpu), vcpu.cr3, gva, vcpu.pdptrs)


def permitted(kvm: Kvm, vcpu: Vcpu, walk: paging.Walk, error_code: int) -> bool:
    """Do the guest's tables and control registers allow the access? (mmu.h: permission_fault())"""
    write, fetching = error_code & paging.PF_WRITE, error_code & paging.PF_FETCH
    if error_code & paging.PF_USER:
        return walk.user and (walk.execute if fetching else walk.write or not write)
    if fetching:
        return walk.execute and not (walk.user and vcpu.cr4 & CR4_SMEP)
    if walk.user and vcpu.cr4 & CR4_SMAP and not read(kvm, vcpu, F.GUEST_RFLAGS) & RFLAGS_AC:
        return False
    return bool(not write or walk.write or not vcpu.cr0 & CR0_WP)


def update_accessed_dirty_bits(kvm: Kvm, walk: paging.Walk, write: bool) -> None:
    """Set A in each entry that was used and, for a write, D in the leaf; past the write protection, as no SPTE depends on it."""
    for step in walk.steps:
        value = step.value | paging.A | (paging.D if write and step is walk.steps[-1] else 0)
        if value != step.value:
            kvm_write_guest(kvm, step.address, value)


def leaf_access(kvm: Kvm, vcpu: Vcpu, walk: paging.Walk, error_code: int) -> int:
    """ACC_* rights of the SPTE: what the whole walk leaves; W only once D is set, so that the first write is seen.

    The processor runs the guest with CR0.WP = 1.  Where the guest has it clear, a kernel write to a read-only page makes the
    page writable for its kernel and takes it from user mode, and from execution where SMEP would forbid it to the kernel.
    """
    access = ACC_ALL
    for step in walk.steps:
        access &= gpte_access(step.value, guest_paging(kvm, vcpu).nxe)
    if not walk.dirty:
        access &= ~ACC_WRITE
    kernel_write = error_code & paging.PF_WRITE and not error_code & paging.PF_USER
    if kernel_write and not access & ACC_WRITE and not vcpu.cr0 & CR0_WP:
        access = access & ~ACC_USER | ACC_WRITE
        if vcpu.cr4 & CR4_SMEP:
            access &= ~ACC_EXEC
    return access


def invalidate_before_injecting(kvm: Kvm, vcpu: Vcpu, gva: int) -> None:
    """The guest may repair its tables without INVLPG, as a fault invalidates: the SPTE must not outlive it (ee1fa209f5e5)."""
    if kvm.era.syncs_the_faulting_address() and sync_address(kvm, kvm.mmu(vcpu).root.hpa, gva):
        kvm_flush_remote_tlbs(kvm, "kvm_inject_emulated_page_fault")


# -- the shadow ----------------------------------------------------------------------------------------------------


def fetch(kvm: Kvm, vcpu: Vcpu, gva: int, walk: paging.Walk, access: int, write: bool) -> str:
    """Fill the shadow down to the leaf (FNAME(fetch)()): FIXED, EMULATE or MMIO."""
    gfn = walk.address >> 12
    pfn = gfn_to_pfn(kvm, gfn)
    if pfn is None:
        return MMIO
    role = kvm.mmu(vcpu).role
    table = descend(kvm, vcpu, gva, lambda level: child_key(walk, role, level, access))
    if access & ACC_WRITE and not mmu_try_to_unsync_pages(kvm, vcpu, gfn):
        access &= ~ACC_WRITE
    address = table + 8 * paging.index(gva, 1)
    stale = memory.read64(kvm.hw, address)
    if set_spte(kvm, address, page_table_spte(pfn, access), gfn) and stale & paging.P:
        kvm_flush_remote_tlbs(kvm, "mmu_set_spte")
    return EMULATE if write and not access & ACC_WRITE else FIXED


def child_key(walk: paging.Walk, role: MmuRole, level: int, access: int) -> ShadowKey:
    """The page below the entry of `level`: it follows the guest's table, or maps the frames of the guest's large page.

    access: of the whole walk, for a page below a leaf.
    """
    if level <= walk.steps[-1].level:
        return ShadowKey(role, True, level - 1, walk.address >> 12 & -(1 << 9 * (level - 1)), access)
    above = ACC_ALL
    for step in walk.steps:
        if step.level >= level:
            above &= gpte_access(step.value, role.efer_nx)
    table = next(step.value for step in walk.steps if step.level == level) & paging.ADDRESS
    return ShadowKey(role, False, level - 1, table >> 12, above)
