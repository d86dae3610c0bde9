"""Page-table roots: allocating, caching, switching and freeing them (mmu.c; kvm.md G)."""

from __future__ import annotations

from collections.abc import Callable

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import CR0_WP, CR4_SMAP, CR4_SMEP
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import LEVELS_4, NO_PAGING, PAE, P
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided, FlushAsked, RootAllocated, RootFreed, RootReused
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.pae_root import is_pae_root, pae_root_of, write_pdptes
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_ALL, LOAD_FLUSHES_CURRENT
from kvmdbg.machine.kvm.questions.roots import FLUSH_AT_ONCE
from kvmdbg.machine.kvm.shadow import (
    DIRECT_KINDS,
    NONPAGING,
    PAGE_TABLES,
    PAGING32E,
    PAGING64,
    kvm_mmu_get_page,
    mmu_sync_children,
    unsync_below,
)
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, NO_ROOT, ROOT_MMU, Kvm, Mmu, MmuRole, Root, ShadowKey, Vcpu

KVM_MMU_NUM_PREV_ROOTS = 3


# -- roles ---------------------------------------------------------------------------------------------------------


def kvm_init_mmu(kvm: Kvm, vcpu: Vcpu) -> None:
    """Choose the role of the MMU for the level that runs (mmu.c: init_kvm_tdp_mmu(), init_kvm_softmmu())."""
    guest_mode = vcpu.guest_mode and kvm.era.guest_mode_is_in_the_role()
    if not kvm.config.enable_ept:
        kvm.mmu(vcpu).role = shadow_role(kvm, vcpu, guest_mode)
        return
    kvm.mmu(vcpu).role = MmuRole("direct", guest_mode, not (kvm.hw.caps.ept_ad and kvm.era.uses_ept_accessed_bits()))


def shadow_role(kvm: Kvm, vcpu: Vcpu, guest_mode: bool) -> MmuRole:
    """What of the guest's registers decides about SPTEs (mmu.c: kvm_calc_shadow_mmu_root_page_role())."""
    mode = guest_paging(kvm, vcpu).mode
    if mode == NO_PAGING:
        return MmuRole(NONPAGING, guest_mode, False)
    write_protect = bool(vcpu.cr0 & CR0_WP)
    return MmuRole(PAGING32E if mode == PAE else PAGING64, guest_mode, False, write_protect, guest_paging(kvm, vcpu).nxe,
                   bool(vcpu.cr4 & CR4_SMEP) and not write_protect, bool(vcpu.cr4 & CR4_SMAP) and not write_protect)


def kvm_init_shadow_ept_mmu(kvm: Kvm, vcpu: Vcpu) -> None:
    """Make the active MMU shadow the EPT12 of the current vmcs12 (mmu.c: kvm_init_shadow_ept_mmu())."""
    own_ad = kvm.hw.caps.ept_ad and kvm.era.uses_ept_accessed_bits()
    ad = bool(vmcs12.get(kvm, vcpu, F.EPT_POINTER) & ept.EPTP_AD) if kvm.era.nested_ept_ad() else own_ad
    kvm.mmu(vcpu).role = MmuRole("ept", True, not ad)
    if kvm.era.caches_roots():
        kvm_mmu_new_pgd(kvm, vcpu, vmcs12.get(kvm, vcpu, F.EPT_POINTER), *kvm.era.nested_ept_switch_skips())


# -- freeing -------------------------------------------------------------------------------------------------------


def kvm_mmu_free_roots(kvm: Kvm, vcpu: Vcpu, name: str, doomed: Callable[[Root], bool] = lambda root: True) -> None:
    """Let go of the roots of one MMU, current and cached, that are `doomed`.  Their pages stay and may be found again."""
    mmu = kvm.mmu_named(vcpu, name)
    for root in (mmu.root, *mmu.prev_roots):
        if root.hpa != INVALID_PAGE and doomed(root):
            kvm.emit(RootFreed, vcpu.id, name, root.hpa, root.pgd)
            if is_pae_root(root.hpa):
                write_pdptes(kvm, root.hpa)
    mmu.prev_roots = tuple(NO_ROOT if doomed(root) else root for root in mmu.prev_roots)
    if mmu.root.hpa != INVALID_PAGE and doomed(mmu.root):
        mmu.root = NO_ROOT


def kvm_mmu_unload(kvm: Kvm, vcpu: Vcpu) -> None:
    """Free every root of the vCPU (mmu.c: kvm_mmu_unload())."""
    kvm_mmu_free_roots(kvm, vcpu, ROOT_MMU)
    kvm_mmu_free_roots(kvm, vcpu, GUEST_MMU)


def kvm_mmu_sync_prev_roots(kvm: Kvm, vcpu: Vcpu) -> None:
    """Free the cached roots below which a page is unsync: syncing them would take their loading (mmu.c, 61b05a9fd4ae)."""
    def unsync(root: Root) -> bool:
        return root in cached and root.role.kind not in DIRECT_KINDS and any(unsync_below(kvm, root.hpa))

    cached = kvm.mmu(vcpu).prev_roots
    kvm_mmu_free_roots(kvm, vcpu, vcpu.mmu, unsync)


def kvm_mmu_reset_context(kvm: Kvm, vcpu: Vcpu) -> None:
    """Unload and start afresh: the flush comes from the kvm_mmu_load() that must follow (mmu.c)."""
    kvm_mmu_unload(kvm, vcpu)
    if kvm.mmu(vcpu).role.kind != "ept":
        kvm_init_mmu(kvm, vcpu)


# -- loading -------------------------------------------------------------------------------------------------------


def kvm_mmu_reload(kvm: Kvm, vcpu: Vcpu) -> None:
    """Load a root if there is none (mmu.h: kvm_mmu_reload())."""
    if kvm.mmu(vcpu).root.hpa == INVALID_PAGE:
        kvm_mmu_load(kvm, vcpu)


def kvm_mmu_load(kvm: Kvm, vcpu: Vcpu) -> None:
    """Allocate the root, sync what lies below it, load it, and flush (mmu.c: kvm_mmu_load())."""
    mmu_alloc_roots(kvm, vcpu)
    if vcpu.exit_to_user:
        return
    kvm_mmu_sync_roots(kvm, vcpu)
    kvm_mmu_load_pgd(kvm, vcpu)
    flush = kvm.era.root_load_flush()
    if flush == LOAD_FLUSHES_CURRENT:
        kvm.emit(FlushAsked, vcpu.id, "root load", flush, "the context of the new root")
        kvm.ops.flush_tlb_current(kvm, vcpu)
    elif flush == LOAD_FLUSHES_ALL:
        kvm.emit(FlushAsked, vcpu.id, "root load", flush, kvm.era.flush_all_reach())
        kvm.ops.flush_tlb_all(kvm, vcpu)


def mmu_alloc_roots(kvm: Kvm, vcpu: Vcpu) -> None:
    """Find or make the root page (mmu.c: mmu_alloc_direct_roots(), mmu_alloc_shadow_roots()).

    A guest CR3 that names no memory ends in a triple fault (mmu_check_root()).
    """
    mmu = kvm.mmu(vcpu)
    direct = mmu.role.kind in DIRECT_KINDS
    pgd = 0 if direct else kvm_mmu_get_guest_pgd(kvm, vcpu)
    if mmu.role.kind in PAGE_TABLES:
        require_shadowable(kvm, vcpu)
        missing = next((address for address in guest_roots(vcpu, mmu.role, pgd) if address >= kvm.config.memory), None)
        if missing is not None:
            vcpu.exit_to_user = f"KVM_EXIT_SHUTDOWN (triple fault: CR3 {pgd:#x} names no memory)"
            return
    key = ShadowKey(mmu.role, direct, 4, 0 if direct else (pgd & ept.ADDRESS) >> 12)
    found = key in kvm.shadow_pages
    if mmu.role.kind in (PAGING32E, NONPAGING):
        hpa = mmu_alloc_pae_root(kvm, vcpu, mmu.role)
    else:
        hpa = kvm_mmu_get_page(kvm, vcpu, key)
    kvm.emit(RootAllocated, vcpu.id, vcpu.mmu, hpa, pgd, found)
    mmu.root = Root(pgd, hpa, mmu.role)


def guest_roots(vcpu: Vcpu, role: MmuRole, pgd: int) -> tuple[int, ...]:
    """Guest-physical addresses of the guest's top tables: at CR3, in PAE paging at the PDPTEs as well."""
    if role.kind == NONPAGING:
        return ()
    pdptrs = vcpu.pdptrs if role.kind == PAGING32E else ()
    return (pgd & ept.ADDRESS, *(entry & ept.ADDRESS for entry in pdptrs if entry & P))


def mmu_alloc_pae_root(kvm: Kvm, vcpu: Vcpu, role: MmuRole) -> int:
    """The root of PDPTEs: they follow the guest's, or without paging map 4 GiB of guest-physical addresses."""
    children: list[int] = []
    for i, pdpte in enumerate(vcpu.pdptrs):
        if role.kind == NONPAGING:
            children.append(kvm_mmu_get_page(kvm, vcpu, ShadowKey(role, True, 2, i << 18)) | P)
        elif pdpte & P:
            children.append(kvm_mmu_get_page(kvm, vcpu, ShadowKey(role, False, 2, (pdpte & ept.ADDRESS) >> 12)) | P)
        else:
            children.append(0)
    first, second, third, fourth = children
    write_pdptes(kvm, pae_root_of(vcpu), (first, second, third, fourth))
    return pae_root_of(vcpu)


def kvm_mmu_get_guest_pgd(kvm: Kvm, vcpu: Vcpu) -> int:
    """What the active shadow MMU follows: EPTP12, or the guest's CR3 with its PCID (mmu.c)."""
    return vcpu.cr3 if kvm.mmu(vcpu).role.kind in PAGE_TABLES else vmcs12.get(kvm, vcpu, F.EPT_POINTER)


def require_shadowable(kvm: Kvm, vcpu: Vcpu) -> None:
    """raises: Unsupported for a guest in another paging mode, of which the model has no shadow."""
    mode = guest_paging(kvm, vcpu).mode
    if mode not in (LEVELS_4, PAE, NO_PAGING):
        raise Unsupported(f"shadow paging of a guest that uses {mode} paging is not modelled",
                          "Keep the guest in 4-level or PAE paging or without paging, or use enable_ept=1.")


def kvm_mmu_sync_roots(kvm: Kvm, vcpu: Vcpu) -> None:
    """Bring the shadow pages of the current root up to date; nothing to do for a direct MMU (mmu.c)."""
    root = kvm.mmu(vcpu).root
    if root.hpa != INVALID_PAGE and root.role.kind not in DIRECT_KINDS:
        mmu_sync_children(kvm, vcpu, root.hpa)


def kvm_mmu_load_pgd(kvm: Kvm, vcpu: Vcpu) -> None:
    """Give the root to the hardware (mmu.h: kvm_mmu_load_pgd())."""
    if kvm.mmu(vcpu).root.hpa != INVALID_PAGE:
        kvm.ops.load_mmu_pgd(kvm, vcpu)


# -- switching between cached roots (v4.19 on) ---------------------------------------------------------------------


def kvm_mmu_new_pgd(kvm: Kvm, vcpu: Vcpu, new_pgd: int, skip_tlb_flush: bool = False, skip_mmu_sync: bool = False) -> None:
    """Switch to the root for new_pgd if one is cached; else leave none, and kvm_mmu_load() will flush (mmu.c).

    The two skips are what a caller passed before v5.14; since then a reused root is neither synced nor flushed here.
    """
    mmu = kvm.mmu(vcpu)
    if not fast_pgd_switch(kvm, vcpu, mmu, new_pgd):
        return
    kvm.emit(RootReused, vcpu.id, vcpu.mmu, mmu.root.hpa, mmu.root.pgd)
    kvm_make_request(kvm, vcpu, "LOAD_MMU_PGD", "kvm_mmu_new_pgd")
    for what in kvm.era.reused_root_asks(skip_tlb_flush, skip_mmu_sync):
        if what == FLUSH_AT_ONCE:
            kvm.emit(FlushAsked, vcpu.id, "root reuse", what, kvm.era.flush_all_reach())
            kvm.ops.flush_tlb_all(kvm, vcpu)
        else:
            kvm_make_request(kvm, vcpu, what, "kvm_mmu_new_pgd")


def fast_pgd_switch(kvm: Kvm, vcpu: Vcpu, mmu: Mmu, new_pgd: int) -> bool:
    """True when a usable root is current afterwards (mmu.c: fast_pgd_switch())."""
    if mmu.root.hpa != INVALID_PAGE and is_pae_root(mmu.root.hpa):
        current = mmu.root
        kvm_mmu_free_roots(kvm, vcpu, vcpu.mmu, lambda root: root is current)
        if not kvm.era.looks_for_a_root_after_a_pae_one():
            return False
    if mmu.root.hpa != INVALID_PAGE:
        found = cached_root_find_and_keep_current(kvm, vcpu, mmu, new_pgd)
    else:
        found = cached_root_find_without_current(mmu, new_pgd)
    kvm.emit(Decided, vcpu.id, "fast_pgd_switch", f"is a root for {new_pgd:#x} cached?", "yes" if found else "no",
             f"{mmu.name}: {sum(root.hpa != INVALID_PAGE for root in (mmu.root, *mmu.prev_roots))} roots kept",
             "mmu.c: fast_pgd_switch()")
    return found


def is_root_usable(root: Root, pgd: int, role: MmuRole) -> bool:
    """mmu.c: is_root_usable(): the pgd does not matter to a direct MMU."""
    return root.hpa != INVALID_PAGE and root.role == role and (role.kind in DIRECT_KINDS or root.pgd == pgd)


def cached_root_find_and_keep_current(kvm: Kvm, vcpu: Vcpu, mmu: Mmu, pgd: int) -> bool:
    """Rotate the cached roots until the current one fits; the oldest is freed when none does (mmu.c)."""
    if is_root_usable(mmu.root, pgd, mmu.role):
        return True
    root, previous = mmu.root, list(mmu.prev_roots)
    for i in range(KVM_MMU_NUM_PREV_ROOTS):
        root, previous[i] = previous[i], root
        if is_root_usable(root, pgd, mmu.role):
            mmu.root, mmu.prev_roots = root, tuple(previous)
            return True
    if root.hpa != INVALID_PAGE:
        kvm.emit(RootFreed, vcpu.id, vcpu.mmu, root.hpa, root.pgd)
    mmu.root, mmu.prev_roots = NO_ROOT, tuple(previous)
    return False


def cached_root_find_without_current(mmu: Mmu, pgd: int) -> bool:
    """With no current root: take the one that fits and close the gap (mmu.c)."""
    for i, root in enumerate(mmu.prev_roots):
        if is_root_usable(root, pgd, mmu.role):
            mmu.root = root
            mmu.prev_roots = (*mmu.prev_roots[:i], *mmu.prev_roots[i + 1:], NO_ROOT)
            return True
    return False
