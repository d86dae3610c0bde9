"""61b05a9fd4ae: without TDP a flush for the guest syncs the shadow roots, then flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import UNLOAD_MMU


@commit("61b05a9fd4ae", order=20211020, first="v5.16", date="2021-10",
        subject="KVM: X86: Don't unload MMU in kvm_vcpu_flush_tlb_guest()",
        touches=("x86.c: kvm_vcpu_flush_tlb_guest()", "mmu.c: kvm_mmu_sync_prev_roots()"))
class Without(Era):
    """It threw them away, and the load of the next one flushed."""

    def guest_flush_without_tdp(self) -> str:
        """Unload."""
        return UNLOAD_MMU
