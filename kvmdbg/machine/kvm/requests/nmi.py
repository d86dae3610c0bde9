"""KVM_REQ_NMI: NMIs were sent to the vCPU (7460fb4a3400)."""

from __future__ import annotations

from kvmdbg.machine.kvm.interrupts import process_nmi
from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("NMI", source="x86.c: process_nmi()")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """Make the NMIs that were queued pending, two at most, and look at events."""
    process_nmi(kvm, vcpu)
