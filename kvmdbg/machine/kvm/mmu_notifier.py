"""The host's memory manager tells KVM about a page of the VM (kvm_main.c: kvm_mmu_notifier_*(), mmu.c: kvm_handle_hva() and after).

KVM lets go of the page in every root of the VM, direct and shadow, by the reverse map, and asks every vCPU to flush before
the memory manager may go on: what happens to the frame after that is none of KVM's business.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept, memory
from kvmdbg.machine.kvm.apic_access_page import kvm_arch_mmu_notifier_invalidate_range
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs, tlbs_dirty
from kvmdbg.machine.kvm.shadow import PRESENT, rmap_remove, shadow_accessed_mask
from kvmdbg.machine.kvm.state import Kvm, ShadowKey

NOBODY: Final = -1                  # no vCPU in particular decides: the memory manager's thread does
SAVED_RIGHTS_SHIFT: Final = 54      # SHADOW_ACC_TRACK_SAVED_BITS_SHIFT: the rights of an SPTE whose accesses are tracked
SAVED_RIGHTS: Final = PRESENT << SAVED_RIGHTS_SHIFT


def kvm_mmu_notifier_invalidate_range_start(kvm: Kvm, gfn: int) -> None:
    """The page of gfn is about to lose its frame: unmap it, and flush if it was mapped."""
    zapped = kvm_unmap_gfn_range(kvm, gfn)
    if kvm.era.apic_page_reload_comes_before_the_flush():
        kvm_arch_mmu_notifier_invalidate_range(kvm, gfn)
    dirty = tlbs_dirty(kvm)
    flush_on_ret(kvm, "kvm_mmu_notifier_invalidate_range_start", bool(zapped) or dirty,
                 f"{zapped} SPTEs of gfn {gfn:#x} dropped{', tlbs_dirty' if dirty else ''}")
    if not kvm.era.apic_page_reload_comes_before_the_flush():
        kvm_arch_mmu_notifier_invalidate_range(kvm, gfn)


def kvm_mmu_notifier_clear_flush_young(kvm: Kvm, gfn: int) -> None:
    """Has the page been used? Forget that it was, and flush so that the next use is seen."""
    young = kvm_age_gfn(kvm, gfn)
    flush_on_ret(kvm, "kvm_mmu_notifier_clear_flush_young", bool(young), f"{young} SPTEs of gfn {gfn:#x} were young")


def kvm_mmu_notifier_change_pte(kvm: Kvm, gfn: int, pfn: int) -> None:
    """The page has another frame now, which it must not write to yet (kvm_set_pte_rmapp())."""
    changed = kvm_set_spte_gfn(kvm, gfn, pfn)
    flush_on_ret(kvm, "kvm_mmu_notifier_change_pte", bool(changed), f"{changed} SPTEs of gfn {gfn:#x} have the new frame")


def flush_on_ret(kvm: Kvm, function: str, flush: bool, values: str) -> None:
    """Every vCPU flushes when an SPTE was touched."""
    kvm.emit(Decided, NOBODY, function, "ask every vCPU to flush?", "yes" if flush else "no", values, f"kvm_main.c: {function}()")
    if flush:
        kvm_flush_remote_tlbs(kvm, function)


# -- SPTEs of one frame (mmu.c) ------------------------------------------------------------------------------------


def sptes_of(kvm: Kvm, gfn: int) -> tuple[tuple[int, int], ...]:
    """(address, value) of each leaf SPTE that maps gfn, hidden ones included."""
    found = ((address, memory.read64(kvm.hw, address)) for address in kvm.rmap.get(gfn, ()))
    return tuple((address, spte) for address, spte in found if kvm.gfn_of.get(spte & ept.ADDRESS) == gfn)


def kvm_unmap_gfn_range(kvm: Kvm, gfn: int) -> int:
    """Drop every SPTE of gfn; how many there were (kvm_unmap_rmapp(), kvm_zap_rmap())."""
    sptes = sptes_of(kvm, gfn)
    for address, _ in sptes:
        memory.write64(kvm.hw, address, 0)
        rmap_remove(kvm, gfn, address)
    return len(sptes)


def kvm_age_gfn(kvm: Kvm, gfn: int) -> int:
    """Make every SPTE of gfn old; how many were young (kvm_age_rmapp(), mmu_spte_age())."""
    young = 0
    for address, spte in sptes_of(kvm, gfn):
        if not page_of_spte(kvm, address).role.ad_disabled:
            aged = spte & ~shadow_accessed_mask(page_of_spte(kvm, address).role)
        elif not kvm.era.tracks_accesses_without_the_a_bit():
            aged = 0
            rmap_remove(kvm, gfn, address)
        else:
            aged = mark_spte_for_access_track(spte)
        young += aged != spte
        memory.write64(kvm.hw, address, aged)
    return young


def mark_spte_for_access_track(spte: int) -> int:
    """Take the rights away, to be given back at the next access (spte.c)."""
    if not spte & PRESENT:
        return spte
    return spte & ~(PRESENT | SAVED_RIGHTS) | (spte & PRESENT) << SAVED_RIGHTS_SHIFT


def kvm_set_spte_gfn(kvm: Kvm, gfn: int, pfn: int) -> int:
    """Put the new frame into each SPTE of gfn, read-only; how many there were (kvm_set_pte_rmapp())."""
    sptes = sptes_of(kvm, gfn)
    for address, spte in sptes:
        memory.write64(kvm.hw, address, spte & ~(ept.ADDRESS | ept.WRITE) | pfn)
    return len(sptes)


def page_of_spte(kvm: Kvm, address: int) -> ShadowKey:
    """The page that the SPTE at `address` stands in (sptep_to_sp())."""
    return next(key for key, page in kvm.shadow_pages.unordered() if page.hpa == address & ~0xFFF)
