"""KVM_REQ_IMMEDIATE_EXIT: the entry that comes now is to exit at once (d6185f20a0ef, until 730dca42c1d3)."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import request
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@request("IMMEDIATE_EXIT", source="x86.c: vcpu_enter_guest(), v3.2")
def serve(kvm: Kvm, vcpu: Vcpu) -> None:
    """req_immediate_exit is true: once interrupts are off, an IPI to this processor will end what the entry begins."""
    kvm.events(vcpu).immediate_exit = True
