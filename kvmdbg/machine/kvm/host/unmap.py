"""host unmap: the memory manager moves a page of the VM to another frame (migration, compaction, swapping out and in)."""

from __future__ import annotations

from kvmdbg.machine.kvm.guest_memory import move_page, release_frame
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, page_that_moves
from kvmdbg.machine.kvm.mmu_notifier import kvm_mmu_notifier_invalidate_range_start
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("unmap", operands=(GFN,), of_vm=True, source="kvm_main.c: kvm_mmu_notifier_invalidate_range_start(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, gfn: int) -> None:
    """The page of a guest frame loses its host frame and finds its contents in another one; KVM unmaps it and asks for flushes."""
    page_that_moves(kvm, "unmap", gfn)
    kvm_mmu_notifier_invalidate_range_start(kvm, gfn)
    release_frame(kvm, move_page(kvm, gfn))
