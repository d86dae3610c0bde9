"""Interrupts and NMIs of a guest before they are injected: the local APIC as a set of vectors (lapic.c, irq.c, x86.c).

The guest's EOI is not modelled: a vector is in service for no time, so the next one never waits for it (info model).
"""

from __future__ import annotations

from kvmdbg.machine.hw.interrupts import NMI_VECTOR, highest
from kvmdbg.machine.kvm.events import InterruptQueued
from kvmdbg.machine.kvm.kvm_host import kvm_make_request, kvm_test_request, kvm_vcpu_kick
from kvmdbg.machine.kvm.state import HALTED, INIT_RECEIVED, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_SIPI


def kvm_apic_set_irq(kvm: Kvm, vcpu: Vcpu, vector: int) -> None:
    """A device, user space or another vCPU sends vector 16..255 (lapic.c: __apic_accept_irq())."""
    if kvm.ops.deliver_nested_posted_interrupt(kvm, vcpu, vector):
        return
    kvm.emit(InterruptQueued, vcpu.id, vector)
    kvm.events(vcpu).irr |= 1 << vector
    kvm_make_request(kvm, vcpu, "EVENT", "__apic_accept_irq")
    kvm_vcpu_kick(kvm, vcpu)


def kvm_inject_nmi(kvm: Kvm, vcpu: Vcpu) -> None:
    """An NMI; kernels with KVM_REQ_NMI count it first and look at it in the ladder (x86.c: kvm_inject_nmi(); 7460fb4a3400)."""
    kvm.emit(InterruptQueued, vcpu.id, NMI_VECTOR)
    if "NMI" in kvm.era.request_bits():
        kvm.events(vcpu).nmi_queued += 1
        kvm_make_request(kvm, vcpu, "NMI", "kvm_inject_nmi")
    else:
        kvm.events(vcpu).nmi_pending = 1
        kvm_make_request(kvm, vcpu, "EVENT", "kvm_inject_nmi")
    kvm_vcpu_kick(kvm, vcpu)


def process_nmi(kvm: Kvm, vcpu: Vcpu) -> None:
    """Two can be pending, one while another is blocked or on its way; more are one (x86.c: process_nmi())."""
    events = kvm.events(vcpu)
    limit = 1 if kvm.ops.nmi_masked(kvm, vcpu) else 2
    events.nmi_pending = min(events.nmi_pending + events.nmi_queued, limit)
    events.nmi_queued = 0
    kvm_make_request(kvm, vcpu, "EVENT", "process_nmi")


def kvm_cpu_has_interrupt(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the local APIC hold a vector? (irq.c)"""
    return kvm.events(vcpu).irr != 0


def kvm_cpu_get_interrupt(kvm: Kvm, vcpu: Vcpu) -> int:
    """Acknowledge the highest vector (irq.c)."""
    events = kvm.events(vcpu)
    vector = highest(events.irr)
    events.irr &= ~(1 << vector)
    return vector


def kvm_is_exception_pending(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does an exception wait, for the guest or as an exit of L2; a triple fault is one since 7055fb113116 (x86.h)."""
    triple_fault = kvm.era.triple_faults_are_nested_events() and kvm_test_request(kvm, vcpu, "TRIPLE_FAULT")
    return vcpu.exception is not None or kvm.events(vcpu).exception_vmexit is not None or triple_fault


def kvm_arch_vcpu_runnable(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Is there a reason to wake a halted vCPU? (x86.c: kvm_vcpu_has_events())"""
    events = kvm.events(vcpu)
    if vcpu.mp_state == INIT_RECEIVED:
        return events.init_pending or events.sipi != NO_SIPI
    if vcpu.mp_state != HALTED or vcpu.smi_pending or kvm_test_request(kvm, vcpu, "SMI"):
        return True
    if kvm_is_exception_pending(kvm, vcpu):
        return True
    if events.nmi_queued or events.nmi_pending or kvm_test_request(kvm, vcpu, "NMI"):
        return True
    if vcpu.guest_mode and kvm.ops.has_nested_events(kvm, vcpu, False):
        return True
    by_itself = kvm.era.virtual_interrupts_wake() and not kvm.era.nested_events_include_virtual_interrupts()
    found = kvm_cpu_has_interrupt(kvm, vcpu) or by_itself and kvm.ops.guest_apic_has_interrupt(kvm, vcpu)
    return found and not kvm.ops.interrupt_blocked(kvm, vcpu)
