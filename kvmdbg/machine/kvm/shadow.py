"""EPT01, EPT02 and shadow page tables: KVM's own pages, their reverse map, write protection, keeping shadows in step (mmu.c).

Theory of operation.  Direct pages (`direct=True`) map guest frames one to one.  Shadow pages (`direct=False`) follow
a table that the guest wrote: EPT12, or without EPT the page tables of L1 or L2.  While a table is shadowed, KVM takes away
write access to its frame, so that each edit traps.  A frame that serves only as a last-level table may be let go `unsync`:
the guest then edits it freely, and the shadow is compared with it when an invalidation or a root load asks for it
(kvm_mmu_sync_roots()).
"""

from __future__ import annotations

from collections.abc import Iterator

from kvmdbg.machine.hw import ept, memory, paging
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, mark_page_dirty
from kvmdbg.machine.kvm.kvm_host import count_tlbs_dirty, kvm_flush_remote_tlbs, kvm_mmu_flush_tlb
from kvmdbg.machine.kvm.pae_root import top_pages, walk_start
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, MmuRole, ShadowKey, ShadowPage, Vcpu

PRESENT = ept.READ | ept.WRITE | ept.EXECUTE     # of a shadow page table: P, R/W and U/S; the tests that are made agree
PAGING64, PAGING32E = "paging64", "paging32E"    # MmuRole.kind of the shadow of page tables, 4-level and PAE
NONPAGING = "nonpaging"                          # and of page tables that map linear addresses to themselves
DIRECT_KINDS = ("direct", NONPAGING)             # roots that follow no table of a guest
PAGE_TABLES = (PAGING64, PAGING32E, NONPAGING)   # roots that are page tables, not EPT
ACC_EXEC, ACC_WRITE, ACC_USER = 1, 2, 4          # rights of a guest's page as role.access has them (mmu.h: ACC_*_MASK)
ACC_ALL = ACC_EXEC | ACC_WRITE | ACC_USER
WRITE_BACK = ept.MEMTYPE_WB << 3
ENTRIES = 512
VM = -1                                          # of a statistic: the VM's


def kvm_mmu_get_page(kvm: Kvm, vcpu: Vcpu, key: ShadowKey) -> int:
    """Host-physical address of the page for `key`, found or newly made.

    A new shadow of a guest table write-protects the table's frame; an unsync page that is found is brought up to
    date without write-protecting it (mmu.c: kvm_mmu_find_shadow_page(), v6.12; kvm_sync_page_transient(), v4.4).
    """
    page: ShadowPage | None = kvm.shadow_pages.get(key)
    if page is not None:
        if page.unsync:
            changed = sync_page(kvm, key, page)
            if kvm.era.syncs_ask_for_a_local_flush():
                kvm_mmu_flush_tlb(kvm, vcpu, "kvm_sync_page_transient")
            elif changed:
                kvm_flush_remote_tlbs(kvm, "kvm_mmu_find_shadow_page")
        return page.hpa
    hpa = memory.alloc_frame(kvm.hw, describe(key))
    kvm.shadow_pages[key] = ShadowPage(hpa, unsync=False)
    if not in_the_tdp_mmu(kvm, key):
        kvm.count(VM, "mmu_cache_miss")
    if not key.direct and rmap_write_protect(kvm, key.gfn):
        kvm_flush_remote_tlbs(kvm, "account_shadowed")
    return hpa


def in_the_tdp_mmu(kvm: Kvm, key: ShadowKey) -> bool:
    """Is it a page of the TDP MMU, which drops its roots without a flush, and has statistics of its own?"""
    return kvm.era.has_tdp_mmu() and kvm.config.enable_ept and key.role.kind == "direct"


def describe(key: ShadowKey) -> str:
    """What the frame of a shadow page holds, for the list of frames."""
    if key.role.kind in PAGE_TABLES:
        what = "memory without paging" if key.role.kind == NONPAGING else "page tables"
        return f"shadow of L{2 if key.role.guest_mode else 1}'s {what}, level {key.level} gfn {key.gfn:#x}"
    name = "EPT02" if key.role.kind == "ept" or key.role.guest_mode else "EPT01"
    return f"{name} level {key.level} gfn {key.gfn:#x}"


# -- entries and the reverse map -----------------------------------------------------------------------------------


def set_spte(kvm: Kvm, address: int, spte: int, gfn: int) -> bool:
    """Write a leaf SPTE that maps `gfn`.  True when a translation that was usable before no longer is: flush."""
    old = memory.read64(kvm.hw, address)
    if spte & ept.WRITE:
        mark_page_dirty(kvm, gfn)
    if old == spte:
        return False
    if old & PRESENT and (old ^ spte) & ept.ADDRESS:
        rmap_remove(kvm, kvm.gfn_of.get(old & ept.ADDRESS, -1), address)
    memory.write64(kvm.hw, address, spte)
    sptes = kvm.rmap.get(gfn, ())
    if address not in sptes:
        kvm.count(VM, "pages_4k")
        kvm.rmap[gfn] = tuple(sorted((*sptes, address)))
    lost = old & PRESENT & ~spte or (old & PRESENT and ((old ^ spte) & ept.ADDRESS or spte & ~old & paging.XD))
    return bool(lost)


def drop_spte(kvm: Kvm, address: int) -> bool:
    """Clear an SPTE and forget it in the reverse map; True when it was present."""
    old = memory.read64(kvm.hw, address)
    if not old & PRESENT:
        return False
    memory.write64(kvm.hw, address, 0)
    rmap_remove(kvm, kvm.gfn_of.get(old & ept.ADDRESS, -1), address)
    return True


def rmap_remove(kvm: Kvm, gfn: int, address: int) -> None:
    """Forget that the SPTE at `address` maps gfn; a non-leaf SPTE maps none."""
    sptes = kvm.rmap.get(gfn, ())
    left = tuple(spte for spte in sptes if spte != address)
    if len(left) < len(sptes):
        kvm.count(VM, "pages_4k", -1)
    if left:
        kvm.rmap[gfn] = left
    elif gfn in kvm.rmap:
        del kvm.rmap[gfn]


def link_shadow_page(kvm: Kvm, address: int, child: int, role: MmuRole) -> None:
    """Point a non-leaf SPTE at a child page; rights are decided in the leaf."""
    memory.write64(kvm.hw, address, child | PRESENT | shadow_accessed_mask(role))


def shadow_accessed_mask(role: MmuRole) -> int:
    """The accessed flag of an SPTE: page tables and EPT have it in different places (spte.c)."""
    return paging.A if role.kind in PAGE_TABLES else ept.ACCESSED


def rmap_write_protect(kvm: Kvm, gfn: int) -> bool:
    """Take W from every leaf SPTE that maps gfn; True when one had it: flush."""
    protected = False
    for address in kvm.rmap.get(gfn, ()):
        spte = memory.read64(kvm.hw, address)
        if spte & ept.WRITE:
            memory.write64(kvm.hw, address, spte & ~ept.WRITE)
            protected = True
    return protected


# -- write protection and unsync -----------------------------------------------------------------------------------


def shadows_of(kvm: Kvm, gfn: int) -> tuple[ShadowKey, ...]:
    """The shadow pages that follow the guest table in frame gfn."""
    return tuple(sorted(key for key, _ in kvm.shadow_pages.unordered() if key.gfn == gfn and not key.direct))


def mmu_try_to_unsync_pages(kvm: Kvm, vcpu: Vcpu, gfn: int) -> bool:
    """May the guest write to frame gfn?  False: an upper-level table, each write must trap.

    Last-level tables become unsync (mmu.c: mmu_try_to_unsync_pages(), v6.12; mmu_need_write_protect(), v4.4).
    """
    shadows = shadows_of(kvm, gfn)
    if not shadows:
        return True
    upper = [key.level for key in shadows if key.level > 1]
    kvm.emit(Decided, vcpu.id, "mmu_try_to_unsync_pages", f"may the guest write to table {gfn:#x} untrapped?",
             "no" if upper else "yes: unsync", f"shadowed at level {max(key.level for key in shadows)}",
             "mmu.c: mmu_try_to_unsync_pages()")
    if upper:
        return False
    for key in shadows:
        set_unsync(kvm, key, True)
    return True


def set_unsync(kvm: Kvm, key: ShadowKey, unsync: bool) -> None:
    """sp->unsync; how many there are is a statistic (mmu.c: kvm_unsync_page(), kvm_unlink_unsync_page())."""
    if kvm.shadow_pages[key].unsync != unsync:
        kvm.count(VM, "mmu_unsync", 1 if unsync else -1)
    kvm.shadow_pages[key] = kvm.shadow_pages[key]._replace(unsync=unsync)


def kvm_mmu_track_write(kvm: Kvm, vcpu: Vcpu, gpa: int) -> None:
    """An emulated write changed the guest-table entry at gpa: drop what the shadows made of it.

    Source: mmu.c: kvm_mmu_track_write(), v6.12; kvm_mmu_pte_write(), v4.4.
    """
    zapped = False
    shadows = shadows_of(kvm, gpa >> 12)
    for key in shadows:
        zapped |= drop_spte(kvm, kvm.shadow_pages[key].hpa + (gpa & 0xFF8))
    if zapped:
        kvm_flush_remote_tlbs(kvm, "kvm_mmu_track_write", vcpu.cpu)
    elif shadows and kvm.era.syncs_ask_for_a_local_flush():
        kvm_mmu_flush_tlb(kvm, vcpu, "kvm_mmu_pte_write")


# -- synchronisation -----------------------------------------------------------------------------------------------


def sync_page(kvm: Kvm, key: ShadowKey, page: ShadowPage) -> bool:
    """Make each SPTE of a last-level shadow page agree with the guest entry; True when one was dropped or cut down.

    Source: paging_tmpl.h: FNAME(sync_spte)(), v6.12; FNAME(sync_page)(), v4.4.
    """
    flush = False
    for i in range(ENTRIES):
        address = page.hpa + 8 * i
        spte = memory.read64(kvm.hw, address)
        if not spte & PRESENT:
            continue
        guest = kvm_read_guest(kvm, (key.gfn << 12) + 8 * i) or 0
        flush |= sync_spte(kvm, key, address, spte, guest)
    return flush


def sync_spte(kvm: Kvm, key: ShadowKey, address: int, spte: int, guest: int) -> bool:
    """One SPTE against one guest entry; True asks for a flush."""
    if key.role.kind in PAGE_TABLES:
        return sync_page_table_spte(kvm, key, address, spte, guest)
    rights = guest & key.access & PRESENT & (spte | ~ept.WRITE)  # W that the SPTE lacks is given by the next write fault only
    usable = bool(rights) and not ept.misconfigured(guest, 1, kvm.hw.caps)
    if kvm.era.nested_ept_ad() and not key.role.ad_disabled:     # KVM has to see the access that sets A or D
        usable = usable and bool(guest & ept.ACCESSED)
        rights &= ~(0 if guest & ept.DIRTY else ept.WRITE)
    target = gfn_to_pfn(kvm, (guest & ept.ADDRESS) >> 12) if usable else None
    if target is None or target != spte & ept.ADDRESS:
        if not drop_spte(kvm, address):
            return False
        count_tlbs_dirty(kvm)
        return True
    return set_spte(kvm, address, spte & ~PRESENT | rights, (guest & ept.ADDRESS) >> 12)


def sync_page_table_spte(kvm: Kvm, key: ShadowKey, address: int, spte: int, guest: int) -> bool:
    """The same for an entry of a page table: it must be present, legal and accessed, or the SPTE goes (prefetch_invalid_gpte())."""
    mode = paging.PAE if key.role.kind == PAGING32E else paging.LEVELS_4
    shape = paging.Paging(mode, key.role.efer_nx, True, kvm.hw.caps.maxphyaddr, kvm.hw.caps.page_1g)
    usable = guest & paging.P and guest & paging.A and not shape.reserved_bits(guest, 1)
    target = gfn_to_pfn(kvm, (guest & paging.ADDRESS) >> 12) if usable else None
    if target is None or target != spte & ept.ADDRESS:
        drop_spte(kvm, address)
        count_tlbs_dirty(kvm)
        return True
    access = key.access & gpte_access(guest, key.role.efer_nx) & ~(0 if guest & paging.D else ACC_WRITE)
    if not spte & paging.RW:
        access &= ~ACC_WRITE                     # given by the next write fault only
    return set_spte(kvm, address, page_table_spte(target, access), (guest & paging.ADDRESS) >> 12)


def gpte_access(entry: int, nx: bool) -> int:
    """ACC_* rights that an entry of the guest's page tables leaves (paging_tmpl.h: FNAME(gpte_access)())."""
    return entry & (ACC_WRITE | ACC_USER) | (0 if nx and entry & paging.XD else ACC_EXEC)


def page_table_spte(pfn: int, access: int) -> int:
    """A leaf SPTE of a shadow page table with ACC_* rights: A at once, D with W; never global (spte.c: make_spte())."""
    spte = pfn | paging.P | paging.A | access & (ACC_WRITE | ACC_USER) | (0 if access & ACC_EXEC else paging.XD)
    return spte | paging.D if access & ACC_WRITE else spte


def sync_address(kvm: Kvm, root: int, gpa: int) -> bool:
    """Sync the one leaf SPTE for gpa below a root, if its page is unsync; True when a translation was lost (mmu.c).

    gpa: a linear address where page tables are shadowed.
    """
    found = unsync_spte(kvm, root, gpa)
    if found is None:
        return False
    key, address, spte = found
    return sync_spte(kvm, key, address, spte, kvm_read_guest(kvm, (key.gfn << 12) + (address & 0xFF8)) or 0)


def zap_address(kvm: Kvm, root: int, gva: int) -> bool:
    """Drop that SPTE instead; True when there was one (paging_tmpl.h: FNAME(invlpg)())."""
    found = unsync_spte(kvm, root, gva)
    return found is not None and drop_spte(kvm, found[1])


def unsync_spte(kvm: Kvm, root: int, gpa: int) -> tuple[ShadowKey, int, int] | None:
    """The page, the address and the value of the present leaf SPTE for gpa below a root, if its page is unsync."""
    levels, table = walk_start(kvm, root, gpa)
    if table == INVALID_PAGE:
        return None
    for level in levels:
        entry = memory.read64(kvm.hw, table + 8 * paging.index(gpa, level))
        if not entry & PRESENT:
            return None
        table = entry & ept.ADDRESS
    key = next((key for key, page in kvm.shadow_pages.unordered() if page.hpa == table and page.unsync), None)
    address = table + 8 * paging.index(gpa, 1)
    spte = memory.read64(kvm.hw, address)
    return (key, address, spte) if key is not None and spte & PRESENT else None


def unsync_below(kvm: Kvm, root: int) -> Iterator[ShadowKey]:
    """The unsync pages that can be reached from a root or another page, in key order."""
    if not any(page.unsync for _, page in kvm.shadow_pages.unordered()):
        return
    by_frame = {page.hpa: key for key, page in kvm.shadow_pages.items()}
    reached: set[ShadowKey] = set()
    to_visit = list(top_pages(kvm, root))
    while to_visit:
        key = by_frame.get(to_visit.pop())
        if key is None or key in reached:
            continue
        reached.add(key)
        if key.level > 1:
            entries = (memory.read64(kvm.hw, kvm.shadow_pages[key].hpa + 8 * i) for i in range(ENTRIES))
            to_visit.extend(entry & ept.ADDRESS for entry in entries if entry & PRESENT)
    yield from sorted(key for key in reached if kvm.shadow_pages[key].unsync)


def mmu_sync_children(kvm: Kvm, vcpu: Vcpu, root: int) -> None:
    """Write-protect and sync every unsync page below a root (mmu.c: mmu_sync_children())."""
    unsync = tuple(unsync_below(kvm, root))
    if not unsync:
        return
    protected = False
    for key in unsync:
        protected |= rmap_write_protect(kvm, key.gfn)
    if protected:
        kvm_flush_remote_tlbs(kvm, "mmu_sync_children")
    flush = False
    for key in unsync:
        set_unsync(kvm, key, False)
        flush |= sync_page(kvm, key, kvm.shadow_pages[key])
    if kvm.era.syncs_ask_for_a_local_flush():
        kvm_mmu_flush_tlb(kvm, vcpu, "kvm_sync_page")
    elif flush:
        kvm_flush_remote_tlbs(kvm, "mmu_sync_children")
