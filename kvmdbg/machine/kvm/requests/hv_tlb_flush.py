"""KVM_REQ_HV_TLB_FLUSH: a guest flush that a Hyper-V hypercall asked for (v5.8 to v5.13, and again since v6.2)."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.x86 import kvm_vcpu_flush_tlb_guest


@request("HV_TLB_FLUSH", source="x86.c: vcpu_enter_guest(); hyperv.c: kvm_hv_vcpu_flush_tlb(), v6.12")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Flush for the guest: since v6.2 that is what remains for a vCPU without the addresses of Hyper-V's hypercalls."""
    kvm_vcpu_flush_tlb_guest(kvm, vcpu)
