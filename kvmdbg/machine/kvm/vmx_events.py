"""Putting events into the VM-entry fields, windows, what an exit or a cancelled entry leaves (vmx.c; kvm.md B, E.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_STI,
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    EXIT_REASON_EPT_VIOLATION,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_UNBLOCK_NMI,
    INTR_INFO_VALID,
    INTR_TYPE_EXTERNAL,
    INTR_TYPE_NMI,
    INTR_TYPE_OTHER_EVENT,
    INTR_TYPE_PRIV_SW_EXCEPTION,
    INTR_TYPE_SOFT_EXCEPTION,
    INTR_TYPE_SOFT_INTR,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_PREEMPTION_TIMER,
    RFLAGS_IF,
)
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.events import Taken
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import NMI_VECTOR
from kvmdbg.machine.kvm import nested, vmcs12
from kvmdbg.machine.kvm.code import require_handler
from kvmdbg.machine.kvm.events import Decided, EventInjected, ImmediateExitRequested, InjectionTakenBack
from kvmdbg.machine.kvm.kvm_host import RESCHEDULE_VECTOR, kvm_make_request, send_ipi
from kvmdbg.machine.kvm.nested_exits import wants_page_fault
from kvmdbg.machine.kvm.questions.injection import MAKE_REQUEST, SET_FLAG
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import ALLOWED, BLOCKED, BUSY, NOT_INJECTED, Injected, PendingException
from kvmdbg.machine.kvm.vmx import exception_info
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.x86 import kvm_clear_exception_queue, kvm_deliver_exception_payload

EXIT_EXTERNAL_INTERRUPT: Final = 1
EXIT_NMI: Final = 0
SOFTWARE: Final = (INTR_TYPE_SOFT_INTR, INTR_TYPE_SOFT_EXCEPTION)
KNOWN_INFO: Final = INTR_INFO_VALID | INTR_INFO_ERROR_CODE | 0x7FF
NMI_INFO: Final = INTR_INFO_VALID | INTR_TYPE_NMI << 8 | NMI_VECTOR


# -- into the VM-entry fields ------------------------------------------------------------------------------------------


def inject(kvm: Kvm, vcpu: Vcpu, injected: Injected, again: bool = False) -> None:
    """Write the VM-entry fields; from now on the event is on its way."""
    kvm.emit(EventInjected, vcpu.id, injected.info & 0xFF, injected.info >> 8 & 7, again)
    if injected.info & INTR_INFO_ERROR_CODE:
        write(kvm, vcpu, F.VM_ENTRY_EXCEPTION_ERROR_CODE, kvm.era.error_code_for_vmcs(injected.error_code))
    if injected.length:
        write(kvm, vcpu, F.VM_ENTRY_INSTRUCTION_LEN, injected.length)
    write(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD, injected.info)
    kvm.events(vcpu).injected = injected


def vmx_inject_exception(kvm: Kvm, vcpu: Vcpu) -> None:
    """vcpu->arch.exception (vmx.c: vmx_inject_exception(), vmx_queue_exception() before v6.0)."""
    exception, vcpu.exception = vcpu.exception, None
    if exception is None:
        return
    if vcpu.guest_mode and not kvm.era.exceptions_wait_for_the_nested_run() \
            and nested_exit_on_exception(kvm, vcpu, exception):
        nested.nested_vmx_exception_vmexit(kvm, vcpu, exception)
        return
    require_handler(kvm, vcpu, read(kvm, vcpu, F.GUEST_RIP), read(kvm, vcpu, F.GUEST_IDTR_BASE))
    kvm_deliver_exception_payload(kvm, vcpu, exception)
    inject(kvm, vcpu, Injected(exception_info(exception), kvm.era.error_code_for_vmcs(exception.error_code), 0))


def nested_exit_on_exception(kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> bool:
    """Does vmcs12's exception bitmap want it? (nested.c: nested_vmx_is_exception_vmexit(), nested_vmx_check_exception() before)"""
    if exception.vector == "#PF":
        return wants_page_fault(kvm, vcpu, exception.error_code & 0xFFFF)
    return bool(vmcs12.get(kvm, vcpu, F.EXCEPTION_BITMAP) >> VECTORS[exception.vector] & 1)


def vmx_inject_irq(kvm: Kvm, vcpu: Vcpu, vector: int) -> None:
    """vmx.c: vmx_inject_irq()."""
    kvm.count(vcpu.id, "irq_injections")
    inject(kvm, vcpu, Injected(INTR_INFO_VALID | INTR_TYPE_EXTERNAL << 8 | vector, 0, 0))


def vmx_inject_nmi(kvm: Kvm, vcpu: Vcpu) -> None:
    """vmx.c: vmx_inject_nmi(); the first kernels with nested VMX did nothing here while L2 was active."""
    if vcpu.guest_mode and not kvm.era.nmis_make_l2_exit():
        kvm.events(vcpu).injected = Injected(NMI_INFO, 0, 0)
        return
    kvm.count(vcpu.id, "nmi_injections")
    inject(kvm, vcpu, Injected(NMI_INFO, 0, 0))


def reinject(kvm: Kvm, vcpu: Vcpu) -> None:
    """What was on its way when an entry was cancelled goes into the fields again."""
    injected = kvm.events(vcpu).injected
    if vcpu.guest_mode and injected.info == NMI_INFO and not kvm.era.nmis_make_l2_exit():
        return
    inject(kvm, vcpu, injected, again=True)


# -- may it be injected now? -------------------------------------------------------------------------------------------


def nested_exit_on_intr(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 want L2 to exit for an interrupt?"""
    return bool(vmcs12.get(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_EXTERNAL_INTERRUPT_EXITING)


def nested_exit_on_nmi(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 want L2 to exit for an NMI?"""
    return kvm.era.nmis_make_l2_exit() and bool(vmcs12.get(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_NMI_EXITING)


def vmx_interrupt_blocked(kvm: Kvm, vcpu: Vcpu) -> bool:
    """RFLAGS.IF and the shadows of STI and MOV SS; while L2 exits for interrupts L1's IF counts as set."""
    if vcpu.guest_mode and nested_exit_on_intr(kvm, vcpu):
        return False
    shadow = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & (BLOCKING_STI | BLOCKING_MOV_SS)
    return bool(shadow) or not read(kvm, vcpu, F.GUEST_RFLAGS) & RFLAGS_IF


def vmx_nmi_blocked(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The shadows and the blocking by an NMI that is being handled."""
    if vcpu.guest_mode and nested_exit_on_nmi(kvm, vcpu):
        return False
    return bool(read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & (BLOCKING_STI | BLOCKING_MOV_SS | BLOCKING_NMI))


def nmi_masked(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Is an NMI being handled, or on its way? (vmx.c: vmx_get_nmi_mask(); x86.c: process_nmi())"""
    return bool(read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & BLOCKING_NMI) or kvm.events(vcpu).injected.info == NMI_INFO


def vmx_interrupt_allowed(kvm: Kvm, vcpu: Vcpu) -> str:
    """May an interrupt be injected with this entry? ALLOWED, BLOCKED or BUSY (vmx.c: vmx_interrupt_allowed())."""
    answer, why = _allowed(kvm, vcpu, nested_exit_on_intr, EXIT_EXTERNAL_INTERRUPT, 0)
    if answer == ALLOWED and vmx_interrupt_blocked(kvm, vcpu):
        answer, why = BLOCKED, "RFLAGS.IF is 0, or STI or MOV SS blocks"
    return _decide(kvm, vcpu, "vmx_interrupt_allowed", "may the interrupt be injected?", answer, why)


def vmx_nmi_allowed(kvm: Kvm, vcpu: Vcpu) -> str:
    """The same for an NMI (vmx.c: vmx_nmi_allowed())."""
    answer, why = _allowed(kvm, vcpu, nested_exit_on_nmi, EXIT_NMI, NMI_INFO)
    if answer == ALLOWED and vmx_nmi_blocked(kvm, vcpu):
        answer, why = BLOCKED, "STI, MOV SS or another NMI blocks"
    return _decide(kvm, vcpu, "vmx_nmi_allowed", "may the NMI be injected?", answer, why)


def _allowed(kvm: Kvm, vcpu: Vcpu, exits: Callable[[Kvm, Vcpu], bool], reason: int, info: int) -> tuple[str, str]:
    """What L2 has to do with it; without a check of nested events the exit of L2 is made here (v3.1 to v3.14)."""
    if not vcpu.guest_mode:
        return ALLOWED, "nothing blocks"
    for_l1 = exits(kvm, vcpu)
    if vcpu.nested_run_pending and (for_l1 or kvm.era.checks_nested_events()):
        return (BUSY if kvm.era.second_event_is_urgent() else BLOCKED), "L2 must be entered first: nested_run_pending"
    if not for_l1:
        return ALLOWED, "L2 gets it"
    if kvm.era.checks_nested_events():
        return (BUSY if kvm.era.second_event_is_urgent() else ALLOWED), "L2 has to exit to L1 for it"
    nested.nested_vmx_vmexit(kvm, vcpu, reason, 0, info)
    return ALLOWED, "L2 has exited to L1 for it"


def _decide(kvm: Kvm, vcpu: Vcpu, function: str, question: str, answer: str, why: str) -> str:
    kvm.emit(Decided, vcpu.id, function, question, {ALLOWED: "yes", BLOCKED: "no", BUSY: "no: -EBUSY"}[answer], why,
             f"vmx.c: {function}()")
    return answer


# -- windows -----------------------------------------------------------------------------------------------------------


def vmx_enable_irq_window(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Exit as soon as the guest takes interrupts; True: there is no window, the entry must exit at once (vmx.c).

    Since nested events are looked at elsewhere (b6b8a1451fc4) that is L2's window, too, while an event goes into L2 once more.
    """
    if vcpu.guest_mode and nested_exit_on_intr(kvm, vcpu) and not kvm.era.checks_nested_events():
        what = kvm.era.interrupt_behind_a_pending_run()
        kvm.emit(Decided, vcpu.id, "enable_irq_window", "how does L2 come to exit for L1's interrupt?", what,
                 "vmcs12 has external-interrupt exiting, L2 must be entered first", "vmx.c: enable_irq_window()")
        if what == MAKE_REQUEST:
            kvm_make_request(kvm, vcpu, "IMMEDIATE_EXIT", "enable_irq_window")
        return what == SET_FLAG
    _set_window(kvm, vcpu, CPU_INTERRUPT_WINDOW_EXITING)
    return False


def vmx_enable_nmi_window(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Exit as soon as the guest takes an NMI; behind STI the interrupt window serves (vmx.c)."""
    if read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & BLOCKING_STI:
        return vmx_enable_irq_window(kvm, vcpu)
    _set_window(kvm, vcpu, CPU_NMI_WINDOW_EXITING)
    return False


def _set_window(kvm: Kvm, vcpu: Vcpu, bit: int) -> None:
    write(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL, read(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) | bit)


def close_window(kvm: Kvm, vcpu: Vcpu, bit: int) -> None:
    """The window has opened: look again at what waits (vmx.c: handle_interrupt_window(), handle_nmi_window())."""
    write(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL, read(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & ~bit)
    kvm_make_request(kvm, vcpu, "EVENT", "handle_interrupt_window" if bit == CPU_INTERRUPT_WINDOW_EXITING else "handle_nmi_window")


# -- an exit at once ---------------------------------------------------------------------------------------------------


def vmx_request_immediate_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """Interrupts are off: what is asked for now happens right after the VM entry (E.8)."""
    timer = kvm.era.immediate_exit_by_timer(kvm.hw.caps.preemption_timer)
    kvm.emit(ImmediateExitRequested, vcpu.id, "preemption timer" if timer else "self-IPI")
    if timer:
        vmx_update_hv_timer(kvm, vcpu, armed=True)
    else:
        send_ipi(kvm, vcpu.cpu, RESCHEDULE_VECTOR)         # smp_send_reschedule(vcpu->cpu)


def vmx_update_hv_timer(kvm: Kvm, vcpu: Vcpu, armed: bool) -> None:
    """The VMX-preemption timer at 0, or off; deadlines of L1's TSC timer, its other use, are not modelled (vmx.c)."""
    pin = read(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL)
    if armed:
        write(kvm, vcpu, F.VMX_PREEMPTION_TIMER_VALUE, 0)
    if bool(pin & PIN_PREEMPTION_TIMER) != armed:
        write(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL, pin ^ PIN_PREEMPTION_TIMER)


# -- behind an exit, interrupts still off ----------------------------------------------------------------------------------


def vmx_handle_exit_irqoff(kvm: Kvm, vcpu: Vcpu) -> None:
    """The host's handler of an NMI, and of an interrupt whose vector the exit has acknowledged (vmx.c)."""
    info = read(kvm, vcpu, F.VM_EXIT_INTR_INFO)
    kind = info >> 8 & 7
    if read(kvm, vcpu, F.VM_EXIT_REASON) in (EXIT_EXTERNAL_INTERRUPT, EXIT_NMI) and info & INTR_INFO_VALID \
            and kind in (INTR_TYPE_EXTERNAL, INTR_TYPE_NMI):
        kvm.emit(Taken, vcpu.cpu, info & 0xFF, kind)


# -- what is left ------------------------------------------------------------------------------------------------------


def vmx_recover_nmi_blocking(kvm: Kvm, vcpu: Vcpu) -> None:
    """An IRET that let NMIs in again and then faulted will be executed again: block them as before (vmx.c).

    For EPT violations handle_ept_violation() does it; here both come before anybody looks at the exit.
    """
    if read(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD) & INTR_INFO_VALID:
        return
    info = read(kvm, vcpu, F.VM_EXIT_INTR_INFO)
    if info & INTR_INFO_VALID:
        faulted = bool(info & INTR_INFO_UNBLOCK_NMI) and info & 0xFF != VECTORS["#DF"]
    else:
        faulted = (read(kvm, vcpu, F.VM_EXIT_REASON) == EXIT_REASON_EPT_VIOLATION
                   and bool(read(kvm, vcpu, F.EXIT_QUALIFICATION) & INTR_INFO_UNBLOCK_NMI))
    if faulted:
        vmx_set_nmi_mask(kvm, vcpu, True)


def vmx_complete_interrupts(kvm: Kvm, vcpu: Vcpu) -> None:
    """An exit: what was on its way has been delivered, unless the exit came in the middle of its delivery."""
    events = kvm.events(vcpu)
    if vcpu.guest_mode and not kvm.era.recovers_injection_into_l2():
        return
    __vmx_complete_interrupts(kvm, vcpu, read(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD), F.IDT_VECTORING_ERROR_CODE,
                              F.VM_EXIT_INSTRUCTION_LEN)
    if events.injected != NOT_INJECTED:
        kvm.emit(Decided, vcpu.id, "vmx_complete_interrupts", "was an event being delivered?", "yes: it is injected again",
                 f"IDT-vectoring information {events.injected.info:#x}", "vmx.c: vmx_complete_interrupts()")


def __vmx_complete_interrupts(kvm: Kvm, vcpu: Vcpu, info: int, error_code: int, length: int) -> None:
    """KVM's queues start anew with what the fields say (vmx.c).  error_code, length: fields that go with `info`.

    A monitor trap that vmcs12 injects has no place in KVM and is lost, as there; nor has INT1, which its guest executes again.
    """
    events = kvm.events(vcpu)
    kvm_clear_exception_queue(kvm, vcpu)
    if events.injected != NOT_INJECTED:
        events.injected = NOT_INJECTED
    if not info & INTR_INFO_VALID:
        return
    kvm_make_request(kvm, vcpu, "EVENT", "__vmx_complete_interrupts")
    kind = info >> 8 & 7
    if kind == INTR_TYPE_NMI:
        vmx_set_nmi_mask(kvm, vcpu, False)         # the NMI has not been delivered: nothing blocks it
    if is_queued(info):
        events.injected = Injected(info & KNOWN_INFO, read(kvm, vcpu, error_code) if info & INTR_INFO_ERROR_CODE else 0,
                                   read(kvm, vcpu, length) if kind in SOFTWARE else 0)


def is_queued(info: int) -> bool:
    """Does KVM remember an event whose delivery was interrupted, to inject it again?"""
    return bool(info & INTR_INFO_VALID) and info >> 8 & 7 not in (INTR_TYPE_OTHER_EVENT, INTR_TYPE_PRIV_SW_EXCEPTION)


def vmx_set_nmi_mask(kvm: Kvm, vcpu: Vcpu, masked: bool) -> None:
    """Blocking by NMI in the VMCS that is loaded (vmx.c)."""
    old = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO)
    new = old | BLOCKING_NMI if masked else old & ~BLOCKING_NMI
    if new != old:
        write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, new)


def vmx_cancel_injection(kvm: Kvm, vcpu: Vcpu) -> None:
    """The entry is off: what it would have injected becomes KVM's again, and is asked for (vmx.c: vmx_cancel_injection())."""
    if vcpu.guest_mode and not kvm.era.recovers_injection_into_l2():
        return
    info = read(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD)
    __vmx_complete_interrupts(kvm, vcpu, info, F.VM_ENTRY_EXCEPTION_ERROR_CODE, F.VM_ENTRY_INSTRUCTION_LEN)
    if not info & INTR_INFO_VALID:
        return
    kvm.emit(InjectionTakenBack, vcpu.id, info & 0xFF, info >> 8 & 7)
    write(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD, 0)
