"""KVM_REQ_TLB_FLUSH: flush every context of this vCPU; what "every" meant has changed (kvm.md C.2)."""

from __future__ import annotations

from kvmdbg.machine.kvm.kvm_host import kvm_clear_request
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.x86 import kvm_vcpu_flush_tlb_all


@request("TLB_FLUSH", source="x86.c: vcpu_enter_guest()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Flush all contexts, which includes the current one: its request is dropped. A guest flush stays asked for."""
    kvm_vcpu_flush_tlb_all(kvm, vcpu)
    kvm_clear_request(kvm, vcpu, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")
