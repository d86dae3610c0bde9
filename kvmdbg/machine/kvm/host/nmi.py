"""host nmi: a non-maskable interrupt for the guest."""

from __future__ import annotations

from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.interrupts import kvm_inject_nmi
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("nmi", source="x86.c: kvm_inject_nmi(), process_nmi()")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """User space or a device sends the guest an NMI, and the vCPU is kicked."""
    kvm_inject_nmi(kvm, vcpu)
