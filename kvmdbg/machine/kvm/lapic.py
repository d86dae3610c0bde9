"""INIT and SIPI as the local APIC holds them until the vCPU can take them (lapic.c: kvm_apic_accept_events()).

INIT is blocked in SMM and, since 4b9852f4f389, in VMX root operation; with L2 active it is an exit to L1, and so is a SIPI for an
L2 that waits for one.  A SIPI for a vCPU that does not wait is dropped.  The one vCPU is the boot processor: it goes on at once.
"""

from __future__ import annotations

from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.reset import kvm_vcpu_init
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_SIPI


def has_pending_init_or_sipi(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does one wait? (lapic.h: kvm_apic_has_pending_init_or_sipi())"""
    return kvm.events(vcpu).init_pending or kvm.events(vcpu).sipi != NO_SIPI


def init_sipi_allowed(kvm: Kvm, vcpu: Vcpu) -> bool:
    """May the vCPU take it now? (lapic.h: kvm_apic_init_sipi_allowed(); vmx.c: vmx_apic_init_signal_blocked())"""
    return not vcpu.smm and not (vcpu.vmxon and not vcpu.guest_mode and kvm.era.init_waits_for_vmxoff())


def kvm_apic_accept_events(kvm: Kvm, vcpu: Vcpu) -> None:
    """Take what waits, INIT first; what is blocked goes on waiting, a SIPI is lost then."""
    events = kvm.events(vcpu)
    if not has_pending_init_or_sipi(kvm, vcpu):
        return
    if vcpu.guest_mode and kvm.ops.check_nested_events(kvm, vcpu):
        return
    allowed = init_sipi_allowed(kvm, vcpu)
    if has_pending_init_or_sipi(kvm, vcpu):
        kvm.emit(Decided, vcpu.id, "kvm_apic_accept_events", f"take the {'INIT' if events.init_pending else 'SIPI'} now?",
                 "yes" if allowed else "no", "SMM blocks it" if vcpu.smm else "nothing blocks it" if allowed else
                 "L1 is in VMX root operation", "lapic.c: kvm_apic_accept_events()")
    if allowed and events.init_pending:
        events.init_pending = False
        kvm_vcpu_init(kvm, vcpu)
    if events.sipi != NO_SIPI:
        events.sipi = NO_SIPI
