"""Events of L1 that make L2 exit, in their order of priority (nested.c; kvm.md E.8).

While nested_run_pending is set L2 has not run yet: what vmcs12 injects would be lost if it exited, so every one of these has to
wait, and the answer is -EBUSY.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import (
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_EXTERNAL_INTERRUPT,
    EXIT_REASON_INIT_SIGNAL,
    EXIT_REASON_MONITOR_TRAP_FLAG,
    EXIT_REASON_PREEMPTION_TIMER,
    EXIT_REASON_SIPI_SIGNAL,
    EXIT_REASON_TRIPLE_FAULT,
    INTR_INFO_VALID,
    INTR_TYPE_EXTERNAL,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.virtual_interrupts import CLASS, VPPR
from kvmdbg.machine.kvm import interrupts, vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.kvm_host import kvm_clear_request, kvm_test_request
from kvmdbg.machine.kvm.nested import nested_vmx_exception_vmexit, nested_vmx_vmexit
from kvmdbg.machine.kvm.nested_posted_interrupts import posted, vmx_complete_nested_posted_interrupt
from kvmdbg.machine.kvm.state import INIT_RECEIVED, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_SIPI, NOT_INJECTED, PendingException
from kvmdbg.machine.kvm.virtual_interrupts import blocked_in_l2, vmx_guest_apic_has_interrupt
from kvmdbg.machine.kvm.vmx_events import (
    NMI_INFO,
    nested_exit_on_exception,
    nested_exit_on_intr,
    nested_exit_on_nmi,
    vmx_set_nmi_mask,
)
from kvmdbg.machine.kvm.vmx_ops import read, write

DR6_BD: Final = 1 << 13                    # access to a debug register detected
DR6_BT: Final = 1 << 15                    # task switch


class NestedEvent(NamedTuple):
    """One kind of event that vmx_check_nested_events() looks for."""

    name: str
    waits: Callable[[Kvm, Vcpu], bool]
    exit: Callable[[Kvm, Vcpu], None] | None    # None: L2's own, which keeps those behind it waiting
    blocked_by_injection: bool             # has it to wait for an event that is on its way into L2, too?


def vmx_check_nested_events(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Let L2 exit for the first event that asks for it; True: it has to wait, -EBUSY (nested.c: vmx_check_nested_events()).

    A triple fault comes before all of them since 7055fb113116 (x86.c: kvm_check_nested_events()).
    """
    if kvm_test_request(kvm, vcpu, "TRIPLE_FAULT") and kvm.era.triple_faults_are_nested_events():
        nested_vmx_triple_fault(kvm, vcpu)
        return False
    event = next((one for one in PRIORITY if one.waits(kvm, vcpu)), None)
    if event is None:
        vmx_complete_nested_posted_interrupt(kvm, vcpu)
        return False
    injecting = event.blocked_by_injection and kvm.events(vcpu).injected != NOT_INJECTED
    blocked = vcpu.nested_run_pending or injecting
    kvm.emit(Decided, vcpu.id, "vmx_check_nested_events", f"does L2 exit for {event.name}?",
             "no: -EBUSY" if blocked else "yes" if event.exit else "no",
             "nested_run_pending: L2 must be entered first" if vcpu.nested_run_pending else
             "an event is on its way into L2" if injecting else "L2 has run" if event.exit else "L2 gets it",
             "nested.c: vmx_check_nested_events(); vmx.c before v5.0")
    if not blocked and event.exit is not None:
        event.exit(kvm, vcpu)
    return blocked


def nested_vmx_triple_fault(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2's shutdown is an exit to L1 (nested.c: nested_vmx_triple_fault())."""
    kvm_clear_request(kvm, vcpu, "TRIPLE_FAULT", "nested_vmx_triple_fault")
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_TRIPLE_FAULT, 0, 0)


def vmx_has_nested_events(kvm: Kvm, vcpu: Vcpu, for_injection: bool) -> bool:
    """Something that only vmx_check_nested_events() would see, or that the processor will deliver to L2 itself (nested.c).

    for_injection: is it for L0 to act before L2 goes on?  Else: is there a reason to wake a halted L2?
    """
    events = kvm.events(vcpu)
    if events.mtf_pending or _timer(kvm, vcpu):
        return True
    if _posted_above_priority(kvm, vcpu) and not blocked_in_l2(kvm, vcpu) and not for_injection:
        return True
    if not kvm.era.nested_events_include_virtual_interrupts() or not vmx_guest_apic_has_interrupt(kvm, vcpu):
        return False
    if blocked_in_l2(kvm, vcpu):
        return False
    if not for_injection:
        return True
    counts = kvm.era.immediate_exit_for_any_nested_event()
    kvm.emit(Decided, vcpu.id, "vmx_has_nested_events", "exit at once for a virtual interrupt of L2?", "yes" if counts else "no",
             f"RVI {read(kvm, vcpu, F.GUEST_INTR_STATUS) & 0xFF:#x}: the processor delivers it",
             "nested.c: vmx_has_nested_events()")
    return counts


def _posted_above_priority(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L1 has notified L2 of a vector that L2's priority lets through (27c4fa42b11a)."""
    if not kvm.era.nested_events_include_posted_interrupts() or not kvm.events(vcpu).pi_pending:
        return False
    vppr = kvm_read_guest(kvm, vmcs12.get(kvm, vcpu, F.VIRTUAL_APIC_PAGE_ADDR) + VPPR) or 0
    return max(posted(kvm, vcpu).bit_length() - 1, 0) & CLASS > vppr & CLASS


# -- the events --------------------------------------------------------------------------------------------------------


def vmx_get_pending_dbg_trap(exception: PendingException | None) -> int:
    """What a trap-like #DB would leave in the pending debug exceptions, 0 for a fault (nested.c)."""
    if exception is None or exception.vector != "#DB" or exception.address & DR6_BD:
        return 0
    return exception.address


def _low_priority(exception: PendingException | None) -> bool:
    """A trap-like #DB, but not that of a task switch, comes behind the monitor trap (nested.c: vmx_is_low_priority_db_trap())."""
    return bool(vmx_get_pending_dbg_trap(exception) & ~DR6_BT)


def exiting_exception(kvm: Kvm, vcpu: Vcpu) -> PendingException | None:
    """The exception that L2 has to exit for; before 7709aba8f716 the pending one was asked about only now."""
    if kvm.era.morphs_exceptions_when_queued():
        return kvm.events(vcpu).exception_vmexit
    waits = (vcpu.exception is not None and kvm.era.exceptions_wait_for_the_nested_run()
             and nested_exit_on_exception(kvm, vcpu, vcpu.exception))
    return vcpu.exception if waits else None


def own_exception(kvm: Kvm, vcpu: Vcpu) -> PendingException | None:
    """The exception that L2 gets itself, where those behind it wait for that."""
    return vcpu.exception if kvm.era.exceptions_of_l2_come_first() and not exiting_exception(kvm, vcpu) else None


def _exception(low: bool, find: Callable[[Kvm, Vcpu], PendingException | None]) -> Callable[[Kvm, Vcpu], bool]:
    def waits(kvm: Kvm, vcpu: Vcpu) -> bool:
        exception = find(kvm, vcpu)
        return exception is not None and _low_priority(exception) == low
    return waits


def _exception_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    exception = exiting_exception(kvm, vcpu)
    if exception is not None:
        nested_vmx_exception_vmexit(kvm, vcpu, exception)


def _mtf_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """A trap-like #DB behind it is L1's to see as pending debug exceptions (nested.c: nested_vmx_update_pending_dbg())."""
    pending = vmx_get_pending_dbg_trap(vcpu.exception)
    if pending:
        write(kvm, vcpu, F.GUEST_PENDING_DBG_EXCEPTIONS, pending)
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_MONITOR_TRAP_FLAG, 0, 0)


def _mtf(kvm: Kvm, vcpu: Vcpu) -> bool:
    return kvm.events(vcpu).mtf_pending


def _timer(kvm: Kvm, vcpu: Vcpu) -> bool:
    return kvm.events(vcpu).timer_expired


def _nmi(kvm: Kvm, vcpu: Vcpu) -> bool:
    return kvm.events(vcpu).nmi_pending > 0 and nested_exit_on_nmi(kvm, vcpu)


def _nmi_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """The exit counts as the injection: L1 takes no other NMI before its IRET."""
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_EXCEPTION_NMI, 0, NMI_INFO)
    kvm.events(vcpu).nmi_pending = 0
    vmx_set_nmi_mask(kvm, vcpu, True)


def _interrupt(kvm: Kvm, vcpu: Vcpu) -> bool:
    return interrupts.kvm_cpu_has_interrupt(kvm, vcpu) and nested_exit_on_intr(kvm, vcpu)


def _interrupt_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """With vmcs12's "acknowledge interrupt on exit" the vector is L1's now, else it stays in the APIC (77b0f5d67ff2)."""
    info = 0
    if kvm.era.acknowledges_interrupts_for_l1() and vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_ACK_INTR_ON_EXIT:
        info = INTR_INFO_VALID | INTR_TYPE_EXTERNAL << 8 | interrupts.kvm_cpu_get_interrupt(kvm, vcpu)
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_EXTERNAL_INTERRUPT, 0, info)


def _init(kvm: Kvm, vcpu: Vcpu) -> bool:
    return kvm.events(vcpu).init_pending and kvm.era.init_waits_for_vmxoff()


def _init_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """An L2 that waits for a SIPI ignores INIT; the monitor trap is forgotten either way."""
    events = kvm.events(vcpu)
    events.init_pending = False
    if vcpu.mp_state != INIT_RECEIVED:
        nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_INIT_SIGNAL, 0, 0)
    if events.mtf_pending:
        events.mtf_pending = False


def _sipi(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Only an L2 that waits for it takes one; for any other it is dropped (kvm_apic_accept_events())."""
    return kvm.events(vcpu).sipi != NO_SIPI and vcpu.mp_state == INIT_RECEIVED


def _sipi_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """The vector is the qualification."""
    events = kvm.events(vcpu)
    vector = events.sipi
    events.sipi = NO_SIPI
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_SIPI_SIGNAL, vector, 0)


PRIORITY: Final = (
    NestedEvent("INIT", _init, _init_exit, True),
    NestedEvent("a SIPI", _sipi, _sipi_exit, True),
    NestedEvent("an exception", _exception(False, exiting_exception), _exception_exit, False),
    NestedEvent("an exception of its own", _exception(False, own_exception), None, False),
    NestedEvent("the monitor trap", _mtf, _mtf_exit, True),
    NestedEvent("a debug trap", _exception(True, exiting_exception), _exception_exit, False),
    NestedEvent("a debug trap of its own", _exception(True, own_exception), None, False),
    NestedEvent("vmcs12's preemption timer", _timer,
                lambda kvm, vcpu: nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_PREEMPTION_TIMER, 0, 0), True),
    NestedEvent("an NMI", _nmi, _nmi_exit, True),
    NestedEvent("an interrupt", _interrupt, _interrupt_exit, True),
)
