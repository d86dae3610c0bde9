"""KVM_REQ_EVENT: which event goes into this entry, and what is done about those that cannot (x86.c; kvm.md B, E.8).

inject_pending_event() until v6.0, kvm_check_and_inject_events() since.
"""

from __future__ import annotations

from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.interrupts import kvm_cpu_get_interrupt, kvm_cpu_has_interrupt, kvm_is_exception_pending
from kvmdbg.machine.kvm.lapic import kvm_apic_accept_events
from kvmdbg.machine.kvm.smm import inject_smi
from kvmdbg.machine.kvm.state import INIT_RECEIVED, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import ALLOWED, BUSY, NOT_INJECTED, injected_exception


def serve_event(kvm: Kvm, vcpu: Vcpu) -> None:
    """Inject what can be; an event that L2 has to exit for, and may not yet, makes this entry exit at once."""
    kvm_apic_accept_events(kvm, vcpu)
    if vcpu.mp_state == INIT_RECEIVED:
        return
    busy = kvm_check_and_inject_events(kvm, vcpu) if kvm.era.checks_nested_events() else inject_pending_event(kvm, vcpu)
    if busy:
        kvm.events(vcpu).immediate_exit = True


def kvm_check_and_inject_events(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Nested events, what was on its way, then a new exception, NMI or interrupt; True: -EBUSY (since b6b8a1451fc4)."""
    if kvm.era.reinjection_ends_the_round():
        if _inject_again(kvm, vcpu) or _inject_exception_at_once(kvm, vcpu):
            return _open_windows(kvm, vcpu)
        if _nested_events(kvm, vcpu):
            return True
    else:
        busy = _nested_events(kvm, vcpu)
        if injected_exception(kvm.events(vcpu).injected) or not kvm_is_exception_pending(kvm, vcpu):
            _inject_again(kvm, vcpu)          # an NMI or an interrupt gives way to an exception of its delivery
        if busy:
            return True
    kvm.ops.inject_exception(kvm, vcpu)
    if kvm.era.second_event_is_urgent():
        return _inject_or_be_busy(kvm, vcpu)
    inject_smi(kvm, vcpu)
    if kvm.events(vcpu).injected == NOT_INJECTED:
        _inject_nmi_or_irq(kvm, vcpu)
    return _open_windows(kvm, vcpu)


def inject_pending_event(kvm: Kvm, vcpu: Vcpu) -> bool:
    """v3.1 to v3.14: the tests whether an interrupt is allowed make L2 exit themselves."""
    if not (_inject_again(kvm, vcpu) or _inject_exception_at_once(kvm, vcpu)):
        _inject_nmi_or_irq(kvm, vcpu)
    return _open_windows(kvm, vcpu)


# -- the parts ---------------------------------------------------------------------------------------------------------


def _nested_events(kvm: Kvm, vcpu: Vcpu) -> bool:
    return vcpu.guest_mode and kvm.ops.check_nested_events(kvm, vcpu)


def _inject_again(kvm: Kvm, vcpu: Vcpu) -> bool:
    """An event that was on its way when an entry was cancelled comes first."""
    if kvm.events(vcpu).injected == NOT_INJECTED:
        return False
    kvm.ops.reinject(kvm, vcpu)
    return True


def _inject_exception_at_once(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Before nested events waited for L2's run, an exception came before all of them."""
    if vcpu.exception is None or kvm.era.exceptions_wait_for_the_nested_run():
        return False
    kvm.ops.inject_exception(kvm, vcpu)
    return True


def _inject_nmi_or_irq(kvm: Kvm, vcpu: Vcpu) -> None:
    """One of the two, if it is allowed."""
    events = kvm.events(vcpu)
    if events.nmi_pending:
        if kvm.ops.nmi_allowed(kvm, vcpu) == ALLOWED:
            events.nmi_pending -= 1
            kvm.ops.inject_nmi(kvm, vcpu)
    elif kvm_cpu_has_interrupt(kvm, vcpu) and kvm.ops.interrupt_allowed(kvm, vcpu) == ALLOWED:
        kvm.ops.inject_irq(kvm, vcpu, kvm_cpu_get_interrupt(kvm, vcpu))


def _open_windows(kvm: Kvm, vcpu: Vcpu) -> bool:
    """What still waits gets an exit when its time has come; True: there is no window for it."""
    if kvm.events(vcpu).nmi_pending:
        return kvm.ops.enable_nmi_window(kvm, vcpu)
    return kvm_cpu_has_interrupt(kvm, vcpu) and kvm.ops.enable_irq_window(kvm, vcpu)


def _inject_or_be_busy(kvm: Kvm, vcpu: Vcpu) -> bool:
    """c9d40913ac5a: an SMI, an NMI, then an interrupt; one that finds another event in its way makes the entry exit at once."""
    events = kvm.events(vcpu)
    if vcpu.smi_pending:
        if (_unless_injecting(kvm, vcpu, "smi_pending") or inject_smi(kvm, vcpu)) == BUSY:
            return True
    if events.nmi_pending:
        answer = _unless_injecting(kvm, vcpu, "nmi_pending") or kvm.ops.nmi_allowed(kvm, vcpu)
        if answer == BUSY:
            return True
        if answer == ALLOWED:
            events.nmi_pending -= 1
            kvm.ops.inject_nmi(kvm, vcpu)
        if events.nmi_pending:
            kvm.ops.enable_nmi_window(kvm, vcpu)
    if kvm_cpu_has_interrupt(kvm, vcpu):
        answer = _unless_injecting(kvm, vcpu, "kvm_cpu_has_injectable_intr()") or kvm.ops.interrupt_allowed(kvm, vcpu)
        if answer == BUSY:
            return True
        if answer == ALLOWED:
            kvm.ops.inject_irq(kvm, vcpu, kvm_cpu_get_interrupt(kvm, vcpu))
        if kvm_cpu_has_interrupt(kvm, vcpu):
            kvm.ops.enable_irq_window(kvm, vcpu)
    return vcpu.guest_mode and kvm.ops.has_nested_events(kvm, vcpu, True)


def _unless_injecting(kvm: Kvm, vcpu: Vcpu, what: str) -> str:
    """BUSY while another event is on its way, else "": ask further (can_inject)."""
    if kvm.events(vcpu).injected == NOT_INJECTED:
        return ""
    kvm.emit(Decided, vcpu.id, "kvm_check_and_inject_events", f"can {what} be looked at?", "no: -EBUSY",
             "another event is on its way",
             "x86.c: kvm_check_and_inject_events(), called inject_pending_event() before v6.2; c9d40913ac5a")
    return BUSY
