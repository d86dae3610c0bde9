"""KVM_REQ_MMU_RELOAD, until v5.18: throw every root away."""

from __future__ import annotations

from kvmdbg.machine.kvm.mmu import kvm_mmu_unload
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("MMU_RELOAD", source="x86.c: vcpu_enter_guest(), v5.17")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Free all roots; kvm_mmu_reload() loads a new one, and that flushes."""
    kvm_mmu_unload(kvm, vcpu)
