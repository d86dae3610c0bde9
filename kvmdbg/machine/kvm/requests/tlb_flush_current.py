"""KVM_REQ_TLB_FLUSH_CURRENT: flush what the active MMU root could have cached (eeeb4f67a6cd)."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.x86 import kvm_vcpu_flush_tlb_current


@request("TLB_FLUSH_CURRENT", source="x86.c: kvm_service_local_tlb_flush_requests()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Flush the current EPTP, or the current VPID without EPT; nothing while the root is invalid."""
    kvm_vcpu_flush_tlb_current(kvm, vcpu)
