"""KVM_REQ_TLB_FLUSH_GUEST: flush what the guest itself could flush; guest-physical mappings live on (e64419d991ea)."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.x86 import kvm_vcpu_flush_tlb_guest


@request("TLB_FLUSH_GUEST", source="x86.c: kvm_service_local_tlb_flush_requests()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVVPID of the current VPID."""
    kvm_vcpu_flush_tlb_guest(kvm, vcpu)
