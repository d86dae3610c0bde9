"""KVM_REQ_MMU_FREE_OBSOLETE_ROOTS: all page tables were zapped, the vCPU may still hold a root of them (527d5cd7eece)."""

from __future__ import annotations

from kvmdbg.machine.kvm.memslots import kvm_mmu_free_obsolete_roots
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("MMU_FREE_OBSOLETE_ROOTS", source="x86.c: vcpu_enter_guest(); mmu.c: kvm_mmu_free_obsolete_roots()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Let go of the obsolete roots; the load of the next one flushes."""
    kvm_mmu_free_obsolete_roots(kvm, vcpu)
