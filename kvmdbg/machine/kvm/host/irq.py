"""host irq: an interrupt for the guest."""

from __future__ import annotations

from kvmdbg.machine.hw.operands import OperandType
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.interrupts import kvm_apic_set_irq
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def parse_vector(text: str) -> int | None:
    """A vector that a local APIC accepts."""
    try:
        vector = int(text, 0)
    except ValueError:
        return None
    return vector if 0x10 <= vector <= 0xFF else None


VECTOR = OperandType("vector", "an interrupt vector, 0x10 to 0xff", parse_vector, ("0x20", "0xf1"))


@host_event("irq", operands=(VECTOR,), source="lapic.c: __apic_accept_irq(); x86.c: kvm_vcpu_kick()")
def happen(kvm: Kvm, vcpu: Vcpu, vector: int) -> None:
    """A device or another vCPU interrupts the guest: the vector waits in L1's local APIC, and the vCPU is kicked."""
    kvm_apic_set_irq(kvm, vcpu, vector)
