"""KVM_REQ_LOAD_MMU_PGD: a cached root became current, give it to the hardware. Before the flushes: they must hit the new one."""

from __future__ import annotations

from kvmdbg.machine.kvm.mmu import kvm_mmu_load_pgd
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("LOAD_MMU_PGD", source="x86.c: vcpu_enter_guest(); the order is load-bearing, 1438921c6dc1")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Write EPTP and CR3 of the current root into the loaded VMCS."""
    kvm_mmu_load_pgd(kvm, vcpu)
