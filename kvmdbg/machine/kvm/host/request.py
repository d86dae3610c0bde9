"""host request: another processor asks this vCPU for something."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import OperandType
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_host import kvm_make_all_cpus_request
from kvmdbg.machine.kvm.request import REQUESTS
from kvmdbg.machine.kvm.state import Kvm, Vcpu

REQUEST = OperandType("request", "a request without KVM_REQ_, such as TLB_FLUSH", str.upper, REQUESTS.names())


@host_event("request", operands=(REQUEST,), source="kvm_main.c: kvm_make_all_cpus_request(); kvm.md A.3")
def happen(kvm: Kvm, vcpu: Vcpu, name: str) -> None:
    """Another processor makes KVM_REQ_NAME on every vCPU, and interrupts those that are in the guest; served at the next entry."""
    if name not in kvm.era.request_bits():
        raise UserError(f"{kvm.era.name} has no KVM_REQ_{name}", "`info requests` lists those that it has.")
    if name not in REQUESTS:
        raise UserError(f"KVM_REQ_{name} is not served by the model", f"Served are: {', '.join(REQUESTS.names())}.")
    kvm_make_all_cpus_request(kvm, name, "host request")
