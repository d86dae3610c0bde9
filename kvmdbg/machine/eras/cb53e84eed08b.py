"""b53e84eed08b: without TDP a flush for the guest throws the shadow roots away."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import LEAVE_ROOTS


@commit("b53e84eed08b", order=20210605, first="v5.13", date="2021-06",
        subject="KVM: x86: Unload MMU on guest TLB flush if TDP disabled to force MMU sync",
        touches=("x86.c: kvm_vcpu_flush_tlb_guest()",))
class Without(Era):
    """It flushed the TLB and left shadow pages that lag behind the guest's tables (I-14)."""

    def guest_flush_without_tdp(self) -> str:
        """Nothing."""
        return LEAVE_ROOTS
