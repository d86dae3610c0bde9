"""What waits to be injected into a vCPU, and what is being injected (struct kvm_vcpu_arch, kvm_lapic, nested_vmx)."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import INTR_INFO_VALID, INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_SOFT_EXCEPTION
from kvmdbg.machine.hw.delivery import NAMES
from kvmdbg.machine.hw.state import Insn
from kvmdbg.tape import Record, Tape

NO_TIMER: Final = -1
NO_SIPI: Final = -1
ALLOWED: Final = "allowed"    # what X86Ops.nmi_allowed() and interrupt_allowed() answer
BLOCKED: Final = "blocked"
BUSY: Final = "busy"          # -EBUSY: L2 has to exit to L1 first, and may not do so yet


class PendingException(NamedTuple):
    """vcpu->arch.exception or exception_vmexit, pending: waits for injection at the next VM entry, or to be an exit of L2."""

    vector: str                   # "#UD", "#GP", "#PF"
    error_code: int
    address: int                  # the payload: CR2 for #PF, what #DB adds to DR6
    has_error_code: bool          # as its vector has, unless user space said otherwise


class Injected(NamedTuple):
    """An event on its way into the guest: what the VM-entry fields say of it."""

    info: int                     # VM-entry interruption information, valid bit included
    error_code: int
    length: int                   # instruction length of a software event


NOT_INJECTED: Final = Injected(0, 0, 0)


def injected_exception(injected: Injected) -> str:
    """Name of the exception that is on its way; "" where there is none, or another event (exception.injected)."""
    is_exception = injected.info >> 8 & 7 in (INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_SOFT_EXCEPTION)
    return NAMES.get(injected.info & 0xFF, "") if injected.info & INTR_INFO_VALID and is_exception else ""


class VcpuEvents(Record):
    """The events of one vCPU.

    The local APIC is a set of vectors: the highest comes first, and its EOI is immediate (info model).
    """

    __slots__ = ("irr", "nmi_queued", "nmi_pending", "injected", "exception_vmexit", "exception_from_userspace", "immediate_exit",
                 "init_pending", "sipi", "mtf_pending", "timer", "timer_expired", "pi_pending", "parked", "exits_at_once")
    irr: int                      # bit = vector that L1's local APIC holds for injection
    nmi_queued: int               # vcpu->arch.nmi_queued: NMIs that process_nmi() has not seen yet
    nmi_pending: int              # vcpu->arch.nmi_pending
    injected: Injected            # exception.injected, nmi_injected or interrupt.injected, whichever it is
    exception_vmexit: PendingException | None     # vcpu->arch.exception_vmexit: L2 has to exit for it
    exception_from_userspace: bool    # the next KVM_RUN looks whether the pending exception makes L2 exit
    immediate_exit: bool          # req_immediate_exit of the present vcpu_enter_guest()
    init_pending: bool            # KVM_APIC_INIT in apic->pending_events
    sipi: int                     # KVM_APIC_SIPI there, and its vector 0..255; NO_SIPI
    mtf_pending: bool             # vmx->nested.mtf_pending
    timer: int                    # vmx->nested.preemption_timer, in instructions of L2; NO_TIMER = not started
    timer_expired: bool           # vmx->nested.preemption_timer_expired
    pi_pending: bool              # vmx->nested.pi_pending: L1 has notified L2 of posted interrupts
    parked: tuple[Insn, ...]      # the instruction of L2 that has to be executed again when L2 goes on; L1 runs meanwhile
    exits_at_once: int            # entries in a row that ended with nothing done in the guest; interrupts of the host do not count


def new_vcpu_events(tape: Tape, vcpu: str) -> VcpuEvents:
    """Nothing waits.  vcpu: the vCPU's name."""
    return VcpuEvents(tape, f"{vcpu}.events", irr=0, nmi_queued=0, nmi_pending=0, injected=NOT_INJECTED, exception_vmexit=None,
                      exception_from_userspace=False, immediate_exit=False, init_pending=False, sipi=NO_SIPI, mtf_pending=False,
                      timer=NO_TIMER, timer_expired=False, pi_pending=False, parked=(), exits_at_once=0)
