"""KVM_REQ_SMI: a system-management interrupt has come for this vCPU."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.smm import process_smi
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("SMI", source="x86.c: process_smi()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """The SMI becomes pending; KVM_REQ_EVENT takes it."""
    process_smi(kvm, vcpu)
