"""EPT02, the shadow of L1's EPT12: faults, and what of them L1 gets to see (paging_tmpl.h with PTTYPE_EPT, nested.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept, memory, paging
from kvmdbg.machine.hw.controls import EXIT_REASON_EPT_MISCONFIG, EXIT_REASON_EPT_VIOLATION, EXIT_REASON_PML_FULL
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu, vmcs12
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs, kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.nested_pml import nested_vmx_write_pml_buffer
from kvmdbg.machine.kvm.pae_root import walk_start
from kvmdbg.machine.kvm.shadow import (
    PRESENT,
    drop_spte,
    kvm_mmu_get_page,
    link_shadow_page,
    mmu_sync_children,
    mmu_try_to_unsync_pages,
    set_spte,
    sync_address,
    unsync_below,
)
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, ROOT_MMU, Kvm, MmuRole, ShadowKey, Vcpu
from kvmdbg.machine.kvm.tdp import EMULATE, FIXED, MMIO, make_spte

QUALIFICATION_LINEAR: Final = 0x180       # bits 7, 8: the linear address, and whether its translation faulted
RIGHTS_SHIFT: Final = 3


class Reflected(NamedTuple):
    """An EPT violation or misconfiguration that is L1's own affair."""

    reason: int
    qualification: int


def nested_ept_init_mmu_context(kvm: Kvm, vcpu: Vcpu) -> None:
    """Point the vCPU at the MMU that shadows EPT12 (nested.c: nested_ept_init_mmu_context())."""
    if kvm.era.has_guest_mmu():
        vcpu.mmu = GUEST_MMU
    elif not kvm.era.caches_roots():
        mmu.kvm_mmu_unload(kvm, vcpu)
    mmu.kvm_init_shadow_ept_mmu(kvm, vcpu)


def nested_ept_uninit_mmu_context(kvm: Kvm, vcpu: Vcpu) -> None:
    """Back to the MMU that does without a guest's EPT; the only MMU of an old kernel changes its role."""
    vcpu.mmu = ROOT_MMU
    if not kvm.era.has_guest_mmu():
        mmu.kvm_init_mmu(kvm, vcpu)


def walk_ept12(kvm: Kvm, eptp: int, gpa: int) -> ept.EptWalk:
    """EPT12 as L1's memory has it now; what is misconfigured L1's own capabilities say."""
    return ept.software_walk(lambda address: kvm_read_guest(kvm, address), eptp, gpa, nested_caps(kvm))


def ept_page_fault(kvm: Kvm, vcpu: Vcpu, gpa: int, qualification: int) -> str | Reflected:
    """An EPT violation of L2 at its guest-physical address gpa.

    Either L1's tables explain it, then L1 gets it, or EPT02 lags behind them and is filled in (ept_page_fault()).
    """
    eptp = vmcs12.get(kvm, vcpu, F.EPT_POINTER)
    walk = walk_ept12(kvm, eptp, gpa)
    asked = access_rights(qualification)
    if walk.misconfigured:
        return Reflected(EXIT_REASON_EPT_MISCONFIG, 0)
    if not walk.mapped or asked & ~walk.rights:
        nested_ept_sync_address(kvm, vcpu, eptp, gpa, walk.mapped)
        return Reflected(EXIT_REASON_EPT_VIOLATION, reflected_qualification(walk, qualification))
    ad = kvm.era.nested_ept_ad() and not kvm.mmu(vcpu).role.ad_disabled      # of the MMU: an EPTP switch may not have told it (I-8)
    if ad:
        marked = set_accessed_dirty(kvm, vcpu, walk, eptp, gpa, write=bool(asked & ept.WRITE))
        if marked is None:
            return Reflected(EXIT_REASON_PML_FULL, 0)
        walk = marked
    rights = walk.rights if not ad or walk.dirty else walk.rights & ~ept.WRITE
    return fetch(kvm, vcpu, gpa, walk, rights, write=bool(asked & ept.WRITE))


def nested_ept_sync_address(kvm: Kvm, vcpu: Vcpu, eptp: int, gpa: int, mapped: bool) -> None:
    """Before L1 gets the violation: what EPT02 has for gpa is brought up to date, so that L1's repair is seen.

    mapped: L1's tables map gpa and lack a right; then the current root too.  Other cached roots of the same EP4TA always.
    Source: kvm_inject_emulated_page_fault() (ee1fa209f5e5), nested_ept_invalidate_addr() (85aa8889b82e).
    """
    guest_mmu = kvm.mmu(vcpu)
    roots = [guest_mmu.root] if mapped and kvm.era.syncs_the_faulting_address() else []
    if kvm.era.syncs_roots_of_the_same_ep4ta():
        roots += [root for root in guest_mmu.prev_roots if root.hpa != INVALID_PAGE and ept.ep4ta(root.pgd) == ept.ep4ta(eptp)]
    changed = [sync_address(kvm, root.hpa, gpa) for root in roots]
    if any(changed):
        kvm_flush_remote_tlbs(kvm, "kvm_mmu_invalidate_addr")


def access_rights(qualification: int) -> int:
    """The EPT rights that an access needs, from the exit qualification's bits 2:0."""
    return qualification & PRESENT


def reflected_qualification(walk: ept.EptWalk, qualification: int) -> int:
    """Access bits and linear-address bits as the processor gave them, rights as EPT12 has them (FNAME(walk_addr_generic)())."""
    return qualification & (QUALIFICATION_LINEAR | PRESENT) | walk.rights << RIGHTS_SHIFT


def set_accessed_dirty(kvm: Kvm, vcpu: Vcpu, walk: ept.EptWalk, eptp: int, gpa: int, write: bool) -> ept.EptWalk | None:
    """Set A in each entry of EPT12 that was used and, for a write, D in the leaf (update_accessed_dirty_bits()).

    None: D would have to be logged, and L1's log is full.
    """
    for step in walk.steps:
        dirties = write and step is walk.steps[-1]
        if dirties and not step.value & ept.DIRTY and not nested_vmx_write_pml_buffer(kvm, vcpu, gpa):
            return None
        value = step.value | ept.ACCESSED | (ept.DIRTY if dirties else 0)
        if value != step.value:
            kvm_write_guest(kvm, step.address, value)       # past the write protection: no shadow entry is dropped
    return walk_ept12(kvm, eptp, gpa)


def fetch(kvm: Kvm, vcpu: Vcpu, gpa: int, walk: ept.EptWalk, rights: int, write: bool) -> str:
    """Fill EPT02 down to the leaf (FNAME(fetch)()): FIXED, EMULATE or MMIO."""
    gfn = (walk.page + (gpa & (walk.size - 1))) >> 12         # the L1 frame behind gpa
    pfn = gfn_to_pfn(kvm, gfn)
    if pfn is None:
        return MMIO
    role = kvm.mmu(vcpu).role
    table = descend(kvm, vcpu, gpa, lambda level: child_key(walk, role, level, rights))
    writable = bool(rights & ept.WRITE) and mmu_try_to_unsync_pages(kvm, vcpu, gfn)
    if set_spte(kvm, table + 8 * paging.index(gpa, 1), make_spte(pfn, rights, writable, role), gfn):
        kvm_flush_remote_tlbs(kvm, "mmu_set_spte")
    return EMULATE if write and not writable else FIXED


def descend(kvm: Kvm, vcpu: Vcpu, gpa: int, key_below: Callable[[int], ShadowKey]) -> int:
    """Host-physical address of the shadow's level-1 page for gpa, made on the way if it is missing.

    Each page follows the guest's table of its level; below a large leaf of it, where the host has 4-KiB pages, direct pages
    map its frames: one level of them for 2 MiB, two for 1 GiB.  key_below: the page that belongs below an entry of a level.
    gpa: a linear address where page tables are shadowed.
    """
    levels, table = walk_start(kvm, kvm.mmu(vcpu).root.hpa, gpa)
    if table == INVALID_PAGE:
        raise Unsupported(f"KVM fills in a shadow for {gpa:#x}, and its root has no PDPTE there: not modelled",
                          "The kernel writes to an arbitrary SPTE here (I-16); load CR3 after changing PDPTEs.")
    for level in levels:
        address = table + 8 * paging.index(gpa, level)
        entry = memory.read64(kvm.hw, address)
        key = key_below(level)
        if entry & PRESENT and key.direct:
            entry = validate_direct_spte(kvm, address, entry, key)
        if not entry & PRESENT:
            entry = kvm_mmu_get_page(kvm, vcpu, key)
            if key.level > 1:
                sync_before_linking(kvm, vcpu, entry)
            link_shadow_page(kvm, address, entry, key.role)
        table = entry & ept.ADDRESS
    return table


def child_key(walk: ept.EptWalk, role: MmuRole, level: int, rights: int) -> ShadowKey:
    """The page below the entry of `level` on the walk.  rights: what the whole walk leaves, for the page below a leaf."""
    entries = {step.level: step.value for step in walk.steps}
    if level <= walk.steps[-1].level:
        first = walk.address >> 12 & -(1 << 9 * (level - 1))
        return ShadowKey(role, True, level - 1, first, rights)
    access = PRESENT
    for above in range(level, 5):
        access &= entries[above]
    return ShadowKey(role, False, level - 1, (entries[level] & ept.ADDRESS) >> 12, access)


def sync_before_linking(kvm: Kvm, vcpu: Vcpu, page: int) -> None:
    """A page that comes back may have unsync pages below it, which no root load has reached meanwhile."""
    if not any(unsync_below(kvm, page)):
        return
    if kvm.era.syncs_before_linking():
        mmu_sync_children(kvm, vcpu, page)
    else:
        kvm_make_request(kvm, vcpu, kvm.era.unsync_children_request(), "kvm_mmu_get_page")


def validate_direct_spte(kvm: Kvm, address: int, entry: int, key: ShadowKey) -> int:
    """Unlink a direct page that was made for other rights (FNAME(validate_direct_spte)()); what the SPTE holds then."""
    page = kvm.shadow_pages.get(key)
    if page is not None and page.hpa == entry & ept.ADDRESS:
        return entry
    drop_spte(kvm, address)
    kvm_flush_remote_tlbs(kvm, "validate_direct_spte")
    return 0
