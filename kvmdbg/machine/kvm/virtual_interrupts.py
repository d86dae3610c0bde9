"""Virtual interrupts of L2: vmcs12's "virtual-interrupt delivery" goes into vmcs02, and the processor delivers (nested.c).

RVI and SVI are vmcs12's on the way in and out; the virtual-APIC page is L1's own, mapped (nested_pages.py).  KVM only looks
whether one is requested, to wake a halted L2; it must not take that for something it has to inject (I-27).
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import BLOCKING_MOV_SS, BLOCKING_STI, RFLAGS_IF, SEC_VIRTUAL_INTR_DELIVERY
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.virtual_interrupts import CLASS, EOI_EXIT_BITMAPS, VPPR
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read, write

FIELDS: Final = (F.GUEST_INTR_STATUS, *EOI_EXIT_BITMAPS)


def nested_cpu_has_vid(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the current vmcs12 use virtual-interrupt delivery? (nested.h)"""
    return vmcs12.nested_cpu_has2(kvm, vcpu, SEC_VIRTUAL_INTR_DELIVERY)


def prepare_vmcs02_status(kvm: Kvm, vcpu: Vcpu) -> None:
    """RVI, SVI and the EOI-exit bitmaps of vmcs12 (nested.c: prepare_vmcs02_early())."""
    if nested_cpu_has_vid(kvm, vcpu):
        for encoding in FIELDS:
            write(kvm, vcpu, encoding, vmcs12.get(kvm, vcpu, encoding))


def save_status(kvm: Kvm, vcpu: Vcpu) -> None:
    """RVI and SVI as L2 leaves them (nested.c: sync_vmcs02_to_vmcs12())."""
    if nested_cpu_has_vid(kvm, vcpu):
        vmcs12.put(kvm, vcpu, F.GUEST_INTR_STATUS, read(kvm, vcpu, F.GUEST_INTR_STATUS))


def vmx_guest_apic_has_interrupt(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L2 is active and a virtual interrupt is requested above its priority (vmx.c; vmx_has_nested_events() since 321ef62b0c5f)."""
    if not vcpu.guest_mode or not nested_cpu_has_vid(kvm, vcpu):
        return False
    vppr = kvm_read_guest(kvm, vmcs12.get(kvm, vcpu, F.VIRTUAL_APIC_PAGE_ADDR) + VPPR) or 0
    return read(kvm, vcpu, F.GUEST_INTR_STATUS) & CLASS > vppr & CLASS


def blocked_in_l2(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L2's own IF and shadows, whatever L1 intercepts (vmx.c: __vmx_interrupt_blocked())."""
    shadow = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & (BLOCKING_STI | BLOCKING_MOV_SS)
    return bool(shadow) or not read(kvm, vcpu, F.GUEST_RFLAGS) & RFLAGS_IF
