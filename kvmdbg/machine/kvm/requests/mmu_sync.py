"""KVM_REQ_MMU_SYNC: bring the shadow pages of the current root up to date."""

from __future__ import annotations

from kvmdbg.machine.kvm.mmu import kvm_mmu_sync_roots
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("MMU_SYNC", source="x86.c: vcpu_enter_guest()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Compare unsync shadow pages with the guest's tables."""
    kvm_mmu_sync_roots(kvm, vcpu)
