"""Memory slots: user space gives the VM memory and takes it away; KVM throws all its page tables away (mmu.c; kvm.md D, J.2.3).

Theory of operation.  A slot that goes may be mapped anywhere, so every page table goes with it: all pages become obsolete
at once, each vCPU is asked to let go of its roots before it enters again, and the pages are emptied.  A root that a vCPU still
holds keeps its frame until then; the frames of the other pages are free after a flush.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory
from kvmdbg.machine.kvm.dirty_log import forget_dirty_log
from kvmdbg.machine.kvm.events import Decided, PageTablesZapped
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs, kvm_make_all_cpus_request
from kvmdbg.machine.kvm.mmu import kvm_mmu_free_roots
from kvmdbg.machine.kvm.pae_root import is_pae_root, top_pages
from kvmdbg.machine.kvm.shadow import NONPAGING, PAGING32E, in_the_tdp_mmu
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, ROOT_MMU, Kvm, Root, ShadowKey, ShadowPage, Vcpu

NOBODY: Final = -1
MMUS: Final = (ROOT_MMU, GUEST_MMU)


def delete_memslot(kvm: Kvm, base: int) -> None:
    """KVM_SET_USER_MEMORY_REGION with size 0: the frames from `base` on are no memory any more; user space keeps the pages."""
    forget_dirty_log(kvm, base)
    del kvm.memslots[base]
    kvm_mmu_zap_all_fast(kvm)


def create_memslot(kvm: Kvm, base: int, npages: int) -> None:
    """New memory asks for nothing: no translation of these frames exists (J.2.3)."""
    kvm.memslots[base] = npages


def overlaps(kvm: Kvm, base: int, npages: int) -> bool:
    """Is one of these frames in a slot already?"""
    return any(first < base + npages and base < first + size for first, size in kvm.memslots.items())


# -- zapping (mmu.c: kvm_mmu_zap_all_fast(), v5.4; kvm_mmu_invalidate_zap_all_pages(), v3.11; kvm_mmu_zap_all() before) ----------


def kvm_mmu_zap_all_fast(kvm: Kvm) -> None:
    """Every page table of the VM is obsolete: ask every vCPU to drop its roots, then empty the pages and flush."""
    kvm_make_all_cpus_request(kvm, kvm.era.zapped_roots_request(), "kvm_mmu_zap_all_fast")
    zapped = kvm_zap_obsolete_pages(kvm)
    shadow = any(not in_the_tdp_mmu(kvm, key) for key in zapped)
    spared_all = "" if shadow or not zapped else ", all of the TDP MMU: the next root's load flushes"
    values = f"{len(zapped)} page tables dropped{spared_all}"
    kvm.emit(Decided, NOBODY, "kvm_mmu_zap_all_fast", "ask every vCPU to flush?", "yes" if shadow else "no", values,
             "mmu.c: kvm_mmu_commit_zap_page()")
    if shadow:
        kvm_flush_remote_tlbs(kvm, "kvm_mmu_commit_zap_page")
    for key, page in zapped.items():
        if not is_root_page(key):
            memory.free_frame(kvm.hw, page.hpa)


def is_root_page(key: ShadowKey) -> bool:
    """Can a vCPU hold this page as a root, or a PDPTE of its root?"""
    return key.level == (2 if key.role.kind in (PAGING32E, NONPAGING) else 4)


def kvm_zap_obsolete_pages(kvm: Kvm) -> dict[ShadowKey, ShadowPage]:
    """Empty every page and forget it; what they were.  Frames of roots in use stay, as obsolete roots."""
    pages = dict(kvm.shadow_pages.items())
    kvm.emit(PageTablesZapped, len(pages))
    for key, page in pages.items():
        if page.unsync:
            kvm.count(NOBODY, "mmu_unsync", -1)
        if not in_the_tdp_mmu(kvm, key):
            kvm.count(NOBODY, "mmu_shadow_zapped")
        for address in range(page.hpa, page.hpa + memory.FRAME, 8):
            memory.write64(kvm.hw, address, 0)
        del kvm.shadow_pages[key]
        if is_root_page(key):
            kvm.obsolete_roots[page.hpa] = key
    for gfn, sptes in list(kvm.rmap.items()):
        kvm.count(NOBODY, "pages_4k", -len(sptes))
        del kvm.rmap[gfn]
    return pages


def kvm_mmu_free_obsolete_roots(kvm: Kvm, vcpu: Vcpu) -> None:
    """Let go of the roots that a zap has made obsolete, current or cached (mmu.c)."""
    def doomed(root: Root) -> bool:
        return root.hpa in kvm.obsolete_roots or is_pae_root(root.hpa)      # of which nobody knows whether it is

    for name in MMUS:
        kvm_mmu_free_roots(kvm, vcpu, name, doomed)
    free_unused_roots(kvm)


def free_unused_roots(kvm: Kvm) -> None:
    """The last reference to an obsolete root is gone: its frame is free; for a shadow page after one more flush (J.2.3)."""
    held = {page for vcpu in kvm.vcpus for name in MMUS
            for root in (kvm.mmu_named(vcpu, name).root, *kvm.mmu_named(vcpu, name).prev_roots) if root.hpa != INVALID_PAGE
            for page in top_pages(kvm, root.hpa)}
    free = [(hpa, key) for hpa, key in kvm.obsolete_roots.items() if hpa not in held]
    if any(not in_the_tdp_mmu(kvm, key) for _, key in free):
        kvm_flush_remote_tlbs(kvm, "kvm_mmu_commit_zap_page")
    for hpa, _ in free:
        del kvm.obsolete_roots[hpa]
        memory.free_frame(kvm.hw, hpa)


