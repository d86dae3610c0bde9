"""Guest RAM as KVM reads and writes it: memslots, host pages behind them (kvm_main.c: kvm_read_guest() and friends)."""

from __future__ import annotations

from kvmdbg.machine.hw import memory
from kvmdbg.machine.kvm.state import Kvm


def gfn_visible(kvm: Kvm, gfn: int) -> bool:
    """Is there a memslot with this frame? (kvm_is_visible_gfn())"""
    return any(base <= gfn < base + npages for base, npages in kvm.memslots.unordered())


def memslot_of(kvm: Kvm, gfn: int) -> int | None:
    """First frame number of the slot that a frame is in (gfn_to_memslot())."""
    return next((base for base, npages in kvm.memslots.unordered() if base <= gfn < base + npages), None)


def mark_page_dirty(kvm: Kvm, gfn: int) -> None:
    """The page is written to, or will be without KVM's noticing; noted where its slot has a dirty log (kvm_main.c)."""
    if len(kvm.dirty_logs) and gfn not in kvm.dirty_bitmap and memslot_of(kvm, gfn) in kvm.dirty_logs:
        kvm.dirty_bitmap[gfn] = 1


def gfn_to_pfn(kvm: Kvm, gfn: int) -> int | None:
    """Host-physical address of the page behind a gfn, allocated at the first touch; None outside the memslots."""
    if not gfn_visible(kvm, gfn):
        return None
    page = kvm.pages.get(gfn)
    if page is None:
        page = memory.alloc_frame(kvm.hw, f"guest page {gfn:#x}")
        kvm.pages[gfn] = page
        kvm.gfn_of[page] = gfn
    return int(page)


def move_page(kvm: Kvm, gfn: int) -> int:
    """Give the page of gfn, which has one, another host frame with the same contents; the old frame, still to be released."""
    old = int(kvm.pages[gfn])
    new = memory.alloc_frame(kvm.hw, f"guest page {gfn:#x}")
    for offset in range(0, memory.FRAME, 8):
        memory.write64(kvm.hw, new + offset, memory.read64(kvm.hw, old + offset))
    kvm.pages[gfn] = new
    kvm.gfn_of[new] = gfn
    return old


def release_frame(kvm: Kvm, frame: int) -> None:
    """A frame that was behind a guest page is the host's again: whoever still translates to it reads and writes what is not his."""
    del kvm.gfn_of[frame]
    memory.free_frame(kvm.hw, frame)


def kvm_read_guest(kvm: Kvm, gpa: int) -> int | None:
    """The 64 bits at gpa (rounded down to 8 bytes), 0 for a page never touched; None outside the memslots."""
    if not gfn_visible(kvm, gpa >> 12):
        return None
    page = kvm.pages.get(gpa >> 12)
    return 0 if page is None else memory.read64(kvm.hw, page + (gpa & 0xFF8))


def kvm_write_guest(kvm: Kvm, gpa: int, value: int) -> bool:
    """Write 64 bits at gpa (rounded down to 8 bytes); False outside the memslots."""
    page = gfn_to_pfn(kvm, gpa >> 12)
    if page is None:
        return False
    memory.write64(kvm.hw, page + (gpa & 0xFF8), value)
    mark_page_dirty(kvm, gpa >> 12)
    return True
