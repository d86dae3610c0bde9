"""vmcs12's preemption timer: a timer of KVM's own, which here counts instructions of L2 (nested.c; kvm.md E.8)."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_SAVE_PREEMPTION_TIMER, PIN_PREEMPTION_TIMER
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.kvm_host import kvm_make_request, kvm_vcpu_kick
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_TIMER


def nested_cpu_has_preemption_timer(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Has L1 asked for one, of a kernel that has one to give?"""
    return kvm.era.emulates_preemption_timer() and bool(vmcs12.get(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_PREEMPTION_TIMER)


def vmx_start_preemption_timer(kvm: Kvm, vcpu: Vcpu) -> None:
    """At the end of a nested entry; a value of 0 has expired already."""
    if not nested_cpu_has_preemption_timer(kvm, vcpu):
        return
    kvm.events(vcpu).timer = vmcs12.get(kvm, vcpu, F.VMX_PREEMPTION_TIMER_VALUE)
    if not kvm.events(vcpu).timer:
        vmx_preemption_timer_fn(kvm, vcpu)


def vmx_preemption_timer_fn(kvm: Kvm, vcpu: Vcpu) -> None:
    """It expires: L2 exits at the next look at its events."""
    events = kvm.events(vcpu)
    if events.timer:
        events.timer = 0
    events.timer_expired = True
    kvm_make_request(kvm, vcpu, "EVENT", "vmx_preemption_timer_fn")
    kvm_vcpu_kick(kvm, vcpu)


def nested_tick(kvm: Kvm, vcpu: Vcpu) -> None:
    """The guest has executed an instruction."""
    events = kvm.events(vcpu)
    if vcpu.guest_mode and events.timer > 0:
        events.timer -= 1
        if not events.timer:
            vmx_preemption_timer_fn(kvm, vcpu)


def restart_preemption_timer(kvm: Kvm, vcpu: Vcpu, left: int) -> None:
    """User space restores an L2 whose timer had run for a while (850448f35aaf)."""
    if not nested_cpu_has_preemption_timer(kvm, vcpu):
        return
    kvm.events(vcpu).timer = left
    if not left:
        vmx_preemption_timer_fn(kvm, vcpu)


def save_preemption_timer(kvm: Kvm, vcpu: Vcpu) -> None:
    """vmcs12 gets what is left if it asks for it, and L2 has run (sync_vmcs02_to_vmcs12())."""
    left = kvm.events(vcpu).timer
    asked = vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_SAVE_PREEMPTION_TIMER
    if left != NO_TIMER and asked and not vcpu.nested_run_pending:
        vmcs12.put(kvm, vcpu, F.VMX_PREEMPTION_TIMER_VALUE, left)


def stop_preemption_timer(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 exits to L1 (nested_vmx_vmexit())."""
    events = kvm.events(vcpu)
    if events.timer == NO_TIMER:
        return
    events.timer = NO_TIMER
    if events.timer_expired:
        events.timer_expired = False
