"""KVM_REQ_EVENT: something may have to be injected with the next VM entry. Looked at after all other requests."""

from __future__ import annotations

from kvmdbg.machine.kvm.injection import serve_event
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("EVENT", source="x86.c: vcpu_enter_guest(), kvm_check_and_inject_events(), v6.12")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Inject what waits: an exception, an NMI or an interrupt; or make L2 exit for it."""
    kvm.count(vcpu.id, "req_event")
    serve_event(kvm, vcpu)
