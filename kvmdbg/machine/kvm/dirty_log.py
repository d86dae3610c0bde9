"""Dirty logging of a memory slot: which pages has the guest written to since user space last asked? (mmu.c, kvm_main.c; kvm.md D)

Theory of operation.  Without a page-modification log of the processor, which the model's has not, KVM takes the right to write
from every SPTE of the slot; the next write to a page faults, the SPTE gets the right back, and the page is dirty.  A processor
that has cached the right would write unseen: hence the flush of every vCPU, before user space may rely on the bitmap.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.kvm.guest_memory import memslot_of
from kvmdbg.machine.kvm.kvm_host import kvm_flush_remote_tlbs
from kvmdbg.machine.kvm.mmu_notifier import flush_on_ret
from kvmdbg.machine.kvm.shadow import rmap_write_protect
from kvmdbg.machine.kvm.state import Kvm

CLEAN: Final = 0


def enable_log_dirty(kvm: Kvm, base: int) -> None:
    """The flag KVM_MEM_LOG_DIRTY_PAGES comes: nothing is dirty, and no SPTE writable (x86.c: kvm_mmu_slot_apply_flags())."""
    kvm.dirty_logs[base] = CLEAN
    protected = write_protect(kvm, tuple(gfn for gfn, _ in kvm.rmap.items() if memslot_of(kvm, gfn) == base))
    flush = kvm.era.dirty_logging_always_flushes() or bool(protected)
    flush_on_ret(kvm, "kvm_mmu_slot_remove_write_access", flush, f"the SPTEs of {protected} pages were writable")


def disable_log_dirty(kvm: Kvm, base: int) -> None:
    """Without the flag: the log goes, and nothing is flushed; what cannot be written to faults once more (J.2.11)."""
    forget_dirty_log(kvm, base)


def get_dirty_log(kvm: Kvm, base: int) -> tuple[int, ...]:
    """KVM_GET_DIRTY_LOG: the dirty pages, which are clean from now on and write-protected again."""
    dirty = tuple(gfn for gfn, _ in kvm.dirty_bitmap.items() if memslot_of(kvm, gfn) == base)
    for gfn in dirty:
        del kvm.dirty_bitmap[gfn]
    write_protect(kvm, dirty)
    if dirty:
        kvm_flush_remote_tlbs(kvm, "kvm_vm_ioctl_get_dirty_log")
    return dirty


def write_protect(kvm: Kvm, gfns: tuple[int, ...]) -> int:
    """Take the right to write from every SPTE of the pages; of how many pages one had it."""
    return sum(rmap_write_protect(kvm, gfn) for gfn in gfns)


def forget_dirty_log(kvm: Kvm, base: int) -> None:
    """The slot has no log any more."""
    for gfn in [gfn for gfn, _ in kvm.dirty_bitmap.items() if memslot_of(kvm, gfn) == base]:
        del kvm.dirty_bitmap[gfn]
    if base in kvm.dirty_logs:
        del kvm.dirty_logs[base]
