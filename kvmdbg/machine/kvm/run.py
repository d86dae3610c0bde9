"""KVM_RUN as a ladder of actions: x86.c: vcpu_run(), vcpu_enter_guest() (kvm.md B).

An action runs to its end at once; between two of them the vCPU's thread could be interrupted, or another CPU could act.
The splits are where the kernel can be interleaved:
  kvm_arch_vcpu_ioctl_run  KVM_RUN begins; only where user space has set events before
  vcpu_load         the thread comes to a processor, preemption on
  vcpu_enter_guest  requests are served, events injected, a root loaded; ends with interrupts still on
  disable_irqs      interrupts off, vcpu->mode = IN_GUEST_MODE; from here on a requester knows that it must send an IPI
  vmenter           the last look at the requests, then VM entry or back to the start
  kvm_vcpu_block    instead, while the guest is halted: the thread sleeps until an event comes
  guest             one instruction of L1 or L2, or an event that is due before it, up to a VM exit if either causes one;
                    behind the exit KVM has interrupts on again, and the host takes those that wait
  handle_exit       KVM handles the VM exit
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.catalog import Catalog, open_drawer
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.execute import EXITED, FAULTED, execute
from kvmdbg.machine.hw.interrupts import attend, due, halted, take
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.state import NO_INSN
from kvmdbg.machine.kvm.code import insn_at_rip, next_insn, require_handler
from kvmdbg.machine.kvm.events import Decided, EntryCancelled, ModeChanged, Stuck
from kvmdbg.machine.kvm.interrupts import kvm_arch_vcpu_runnable
from kvmdbg.machine.kvm.kvm_host import kvm_check_request, kvm_make_request, kvm_request_pending
from kvmdbg.machine.kvm.lapic import kvm_apic_accept_events
from kvmdbg.machine.kvm.mmu import kvm_mmu_reload
from kvmdbg.machine.kvm.preemption_timer import vmx_preemption_timer_fn
from kvmdbg.machine.kvm.request import EVENT, REQUESTS
from kvmdbg.machine.kvm.sched import kvm_arch_vcpu_load
from kvmdbg.machine.kvm.state import HALTED, IN_GUEST_MODE, INIT_RECEIVED, OUTSIDE_GUEST_MODE, RUNNABLE, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction
from kvmdbg.machine.kvm.x86 import kvm_vcpu_exit_request

open_drawer("kvmdbg.machine.kvm.requests")

Act = Callable[[Kvm, Vcpu], None]
ACTS: Final[Catalog[Act]] = Catalog("action")
BEGIN: Final = ("vcpu_load", "vcpu_enter_guest")
NO_PROGRESS: Final = 64       # exits of one instruction: a cold two-dimensional walk needs fewer (24 references)


def act(function: Act) -> Act:
    """Declare an action under its function's name."""
    return ACTS.add(function.__name__, function)


@act
def kvm_arch_vcpu_ioctl_run(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM_RUN begins, after user space has set events: an exception for L2 that L1 intercepts is an exit (7709aba8f716)."""
    events = kvm.events(vcpu)
    exception = vcpu.exception
    if events.exception_from_userspace and exception is not None and vcpu.guest_mode and kvm.era.morphs_exceptions_when_queued():
        exits = kvm.ops.is_exception_vmexit(kvm, vcpu, exception)
        kvm.emit(Decided, vcpu.id, "kvm_arch_vcpu_ioctl_run", f"does L2 exit for user space's {exception.vector}?",
                 "yes" if exits else "no", "what vmcs12 intercepts", "x86.c: kvm_arch_vcpu_ioctl_run()")
        if exits:
            events.exception_vmexit = exception
            vcpu.exception = None
    if events.exception_from_userspace:
        events.exception_from_userspace = False
    vcpu.todo = vcpu.todo[1:]


@act
def vcpu_load(kvm: Kvm, vcpu: Vcpu) -> None:
    """kvm_arch_vcpu_load(): the VMCS becomes current on this processor."""
    kvm_arch_vcpu_load(kvm, vcpu, vcpu.next_cpu)
    vcpu.todo = ("kvm_vcpu_block",) if vcpu.mp_state != RUNNABLE else vcpu.todo[1:]


@act
def vcpu_enter_guest(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve the requests in the kernel's order, inject, make sure of a root."""
    if vcpu.at_instruction_boundary:
        vcpu.at_instruction_boundary = False
    if kvm.events(vcpu).immediate_exit:
        kvm.events(vcpu).immediate_exit = False
    if vcpu.guest_mode and kvm.era.running_checks_nested_events():
        kvm.ops.check_nested_events(kvm, vcpu)          # kvm_vcpu_running()
    if not serve_requests(kvm, vcpu):
        vcpu.todo = ()
        return
    if kvm.era.loads_the_root_before_injecting():
        kvm_mmu_reload(kvm, vcpu)
        serve_event(kvm, vcpu)
    else:
        serve_event(kvm, vcpu)
        kvm_mmu_reload(kvm, vcpu)
    vcpu.todo = () if vcpu.exit_to_user else ("kvm_vcpu_block",) if vcpu.mp_state == INIT_RECEIVED else ("disable_irqs",)


def serve_requests(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Down the ladder; False when one of them ends KVM_RUN, and those behind it stay pending."""
    if kvm_request_pending(vcpu):
        for name in kvm.era.service_order():
            if name in REQUESTS and kvm_check_request(kvm, vcpu, name):
                REQUESTS[name].serve(kvm, vcpu)
                if vcpu.exit_to_user:
                    return False
    return True


def serve_event(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM_REQ_EVENT: something may have to be injected."""
    if kvm_check_request(kvm, vcpu, EVENT):
        REQUESTS[EVENT].serve(kvm, vcpu)


@act
def disable_irqs(kvm: Kvm, vcpu: Vcpu) -> None:
    """Interrupts off and vcpu->mode = IN_GUEST_MODE, in one action.

    Old kernels set the mode first (kvm.md B.1 to B.3).  Who makes a request in between sends an IPI there and none on new ones;
    both times the last check sees the request and cancels the entry.  The one difference is that the IPI is taken before it.
    """
    set_mode(kvm, vcpu, IN_GUEST_MODE)
    vcpu.todo = ("vmenter",)


@act
def vmenter(kvm: Kvm, vcpu: Vcpu) -> None:
    """The last check; nobody can get between it and VM entry, as interrupts are off."""
    if kvm_vcpu_exit_request(kvm, vcpu):
        cancel_injection(kvm, vcpu)
        return
    if kvm.events(vcpu).immediate_exit:
        if kvm.era.remakes_event_with_an_immediate_exit():
            kvm_make_request(kvm, vcpu, EVENT, "vcpu_enter_guest")      # what has to wait now is looked at again after the exit
        kvm.ops.request_immediate_exit(kvm, vcpu)
    if kvm.ops.vcpu_run(kvm, vcpu):
        vcpu.todo = ("guest",)
        if not non_root(kvm.cpu(vcpu)):
            after_exit(kvm, vcpu, at_once=True)          # a VM exit while the injected event was being delivered
    else:
        irqs_on(kvm, vcpu)
        vcpu.todo = ("handle_exit",)


def cancel_injection(kvm: Kvm, vcpu: Vcpu) -> None:
    """Back to the start of vcpu_enter_guest(), with everything that was to be injected."""
    events = kvm.events(vcpu)
    kvm.emit(EntryCancelled, vcpu.id, vcpu.requests, events.immediate_exit)
    irqs_on(kvm, vcpu)
    if events.immediate_exit and kvm.era.remakes_event_when_cancelled():
        kvm_make_request(kvm, vcpu, EVENT, "vcpu_enter_guest")
    kvm.ops.cancel_injection(kvm, vcpu)
    vcpu.todo = ("vcpu_enter_guest",)


def irqs_on(kvm: Kvm, vcpu: Vcpu) -> None:
    """Out of the guest: mode, and interrupts on again, so that the host takes those that wait."""
    set_mode(kvm, vcpu, OUTSIDE_GUEST_MODE)
    take(kvm.hw, kvm.cpu(vcpu))


@act
def guest(kvm: Kvm, vcpu: Vcpu) -> None:
    """What is due at this boundary: an event (interrupt, window, timer, trap), else the instruction in front of the program."""
    cpu, events = kvm.cpu(vcpu), kvm.events(vcpu)
    if due(kvm.hw, cpu) is not None:
        if attend(kvm.hw, cpu) == EXITED:
            after_exit(kvm, vcpu, at_once=True)
        elif events.exits_at_once:
            events.exits_at_once = 0
        return
    if events.exits_at_once:
        events.exits_at_once = 0
    placed, rip = insn_at_rip(kvm, vcpu), cpu.rip
    insn = placed or vcpu.program[0]
    if vcpu.executes_code != (placed is not None):
        vcpu.executes_code = not vcpu.executes_code
    outcome = execute(kvm.hw, cpu, insn)
    kvm.ops.nested_tick(kvm, vcpu)
    if outcome == EXITED and not kvm.ops.exit_during_delivery(kvm, vcpu):
        vcpu.retries += 1
    else:
        if outcome == FAULTED and cpu.rip == rip:
            require_handler(kvm, vcpu, cpu.rip, cpu.descriptors.idtr_base)
        drop_instruction(vcpu)
    if outcome == EXITED:
        after_exit(kvm, vcpu)


def after_exit(kvm: Kvm, vcpu: Vcpu, at_once: bool = False) -> None:
    """The rest of vcpu_enter_guest(): mode, interrupts on, one more exit counted.

    at_once: the guest has done nothing since the entry, or it got no event whole; interrupts of the host may come for ever.
    """
    kvm.ops.vcpu_after_exit(kvm, vcpu)
    interrupted = kvm.ops.exit_was_between_instructions(kvm, vcpu)
    if interrupted:
        vcpu.at_instruction_boundary = True
    if at_once and (kvm.events(vcpu).immediate_exit or not interrupted):
        kvm.events(vcpu).exits_at_once += 1
    irqs_on(kvm, vcpu)
    kvm.count(vcpu.id, "exits")
    vcpu.todo = ("handle_exit",)


@act
def svm_vcpu_run(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMRUN (svm.c): only a vCPU whose VMCB came from a log stands here.  raises: Unsupported, always."""
    raise Unsupported("VMRUN is not modelled, as all of SVM", "`info vmcb` shows the VMCB, `check-entry` what VMRUN checks.")


@act
def handle_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM handles the exit; then the next entry, sleep, or back to user space."""
    go_on = kvm.ops.handle_exit(kvm, vcpu)
    if go_on and max(vcpu.retries, kvm.events(vcpu).exits_at_once) >= NO_PROGRESS:
        text = (vcpu.exit_insn.text or "an instruction") if vcpu.retries else "VM entry"
        kvm.emit(Stuck, vcpu.id, text)
        vcpu.exit_to_user = f"no progress: {text!r} exits again and again"
        go_on = False
    after = "kvm_vcpu_block" if vcpu.mp_state != RUNNABLE else "vcpu_enter_guest"
    vcpu.todo = (after,) if go_on else ()


@act
def kvm_vcpu_block(kvm: Kvm, vcpu: Vcpu) -> None:
    """The thread of a halted vCPU wakes: an event has come for its guest, or vmcs12's timer is the next thing to happen."""
    if vcpu.mp_state == INIT_RECEIVED:
        kvm_apic_accept_events(kvm, vcpu)
        if vcpu.mp_state == RUNNABLE:
            vcpu.todo = ("vcpu_enter_guest",)
        return
    if not kvm_arch_vcpu_runnable(kvm, vcpu):
        vmx_preemption_timer_fn(kvm, vcpu)
    unhalt = "UNHALT" in kvm.era.request_bits()
    kvm.emit(Decided, vcpu.id, "kvm_vcpu_check_block", "does the halted vCPU go on?", "yes", "an event has come for its guest",
             "kvm_main.c: kvm_vcpu_check_block(); kvm_vcpu_block() before v4.2")
    if unhalt:
        kvm_make_request(kvm, vcpu, "UNHALT", "kvm_vcpu_check_block")
    if vcpu.guest_mode and kvm.era.checks_nested_events():
        kvm.ops.check_nested_events(kvm, vcpu)          # so that vmcs12 says HLT
    if unhalt:
        kvm_check_request(kvm, vcpu, "UNHALT")
    vcpu.mp_state = RUNNABLE
    vcpu.todo = ("vcpu_enter_guest",)


def set_mode(kvm: Kvm, vcpu: Vcpu, mode: str) -> None:
    """vcpu->mode = mode."""
    kvm.emit(ModeChanged, vcpu.id, mode)
    vcpu.mode = mode


def runnable(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Has the vCPU's thread something to do?"""
    match vcpu.todo[:1]:
        case ():
            return False
        case ("guest",):
            return guest_goes_on(kvm, vcpu)
        case ("kvm_vcpu_block",):
            timer = vcpu.guest_mode and vcpu.mp_state == HALTED and kvm.events(vcpu).timer > 0
            return timer or kvm_arch_vcpu_runnable(kvm, vcpu)
    return True


def guest_goes_on(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Is there an event due, or an instruction to execute?"""
    cpu = kvm.cpu(vcpu)
    return due(kvm.hw, cpu) is not None or next_insn(kvm, vcpu) != NO_INSN and not halted(cpu)
