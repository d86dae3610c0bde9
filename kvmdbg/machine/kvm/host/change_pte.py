"""host change-pte: the memory manager gives a page another frame and tells KVM which (copy on write, KSM)."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.guest_memory import move_page, release_frame
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, page_that_moves
from kvmdbg.machine.kvm.mmu_notifier import kvm_mmu_notifier_change_pte, kvm_mmu_notifier_invalidate_range_start
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("change-pte", operands=(GFN,), of_vm=True, source="kvm_main.c: kvm_mmu_notifier_change_pte(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, gfn: int) -> None:
    """The page of a guest frame gets another host frame, read-only at first; KVM puts it into its SPTEs and asks for flushes."""
    page_that_moves(kvm, "change-pte", gfn)
    if not kvm.era.has_change_pte():
        raise UserError(f"{kvm.era.name} has no kvm_mmu_notifier_change_pte(): f7842747d13d (v6.10) has taken it away",
                        f"Use `host unmap {gfn:#x}`.")
    if kvm.era.change_pte_follows_an_invalidation():
        kvm_mmu_notifier_invalidate_range_start(kvm, gfn)
    old = move_page(kvm, gfn)
    kvm_mmu_notifier_change_pte(kvm, gfn, kvm.pages[gfn])
    release_frame(kvm, old)
