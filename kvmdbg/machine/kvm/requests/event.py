"""KVM_REQ_EVENT: something may have to be injected with the next VM entry. Looked at after all other requests."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.smm import inject_smi
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("EVENT", source="x86.c: vcpu_enter_guest(), kvm_check_and_inject_events(), v6.12")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Inject a queued exception, then take a pending SMI; interrupts and NMI are not modelled yet."""
    kvm.count(vcpu.id, "req_event")
    kvm.ops.inject_exception(kvm, vcpu)
    inject_smi(kvm, vcpu)
