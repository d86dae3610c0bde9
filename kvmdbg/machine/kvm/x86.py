"""Serving flush requests, queueing exceptions, the last check before entry: the vendor-independent part of KVM (x86.c)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.delivery import HAS_ERROR_CODE
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.events import Decided, ExceptionInjected, FlushAsked
from kvmdbg.machine.kvm.kvm_host import kvm_check_request, kvm_make_request, kvm_request_pending
from kvmdbg.machine.kvm.questions.flushes import BOTH_TAGS, EVERY_CONTEXT, SYNC_ROOTS, UNLOAD_MMU
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED, PendingException, injected_exception

DOUBLE_FAULT: Final = "#DF"
DR6_BREAKPOINTS: Final = 0xF
DR6_BS: Final = 1 << 14                     # single step
DR6_ACTIVE_LOW: Final = 0xFFFF_0FF0         # these are 1 where nothing has happened
DR6_REPORTED: Final = 0x600F                # what of DR6 an exit to L1 had as its qualification: all but BT and what is always 1
PENDING_BREAKPOINT: Final = 1 << 12         # of the pending debug exceptions; DR6 has no such bit
CONTRIBUTORY: Final = ("#DE", "#TS", "#NP", "#SS", "#GP")

# -- flushes (x86.c: kvm_vcpu_flush_tlb_*) -------------------------------------------------------------------------


def kvm_vcpu_flush_tlb_all(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve KVM_REQ_TLB_FLUSH; counted in the statistic tlb_flush, since v3.18."""
    if kvm.era.counts_flushes_when_served():
        kvm.count(vcpu.id, "tlb_flush")
    reach = kvm.era.flush_all_reach()
    tags = "and" if reach == BOTH_TAGS else "or"
    kvm.emit(FlushAsked, vcpu.id, "KVM_REQ_TLB_FLUSH", "flush_tlb_all" if reach == EVERY_CONTEXT else "tlb_flush",
             "all contexts" if reach == EVERY_CONTEXT else f"vpid01 {vcpu.vpid} {tags} the current root's EPTP")
    kvm.ops.flush_tlb_all(kvm, vcpu)


def kvm_vcpu_flush_tlb_current(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve KVM_REQ_TLB_FLUSH_CURRENT (eeeb4f67a6cd)."""
    kvm.count(vcpu.id, "tlb_flush")
    kvm.emit(FlushAsked, vcpu.id, "KVM_REQ_TLB_FLUSH_CURRENT", "flush_tlb_current", "the current context")
    kvm.ops.flush_tlb_current(kvm, vcpu)


def kvm_vcpu_flush_tlb_guest(kvm: Kvm, vcpu: Vcpu, by: str = "KVM_REQ_TLB_FLUSH_GUEST") -> None:
    """A flush for the guest: its linear mappings only (e64419d991ea); without TDP its shadow pages are brought up to date.

    From b53e84eed08b to 61b05a9fd4ae that was done by throwing all roots away, and the load of the next one flushed.
    """
    kvm.count(vcpu.id, "tlb_flush")
    if not kvm.config.enable_ept and kvm.era.guest_flush_without_tdp() == UNLOAD_MMU:
        mmu.kvm_mmu_unload(kvm, vcpu)
        return
    if not kvm.config.enable_ept and kvm.era.guest_flush_without_tdp() == SYNC_ROOTS:
        mmu.kvm_mmu_sync_roots(kvm, vcpu)
        mmu.kvm_mmu_sync_prev_roots(kvm, vcpu)
    kvm.emit(FlushAsked, vcpu.id, by, "flush_tlb_guest", "the guest's own view")
    kvm.ops.flush_tlb_guest(kvm, vcpu)


def kvm_service_local_tlb_flush_requests(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve CURRENT and GUEST now, against the context that is current now (x86.c; B.4b, I-2)."""
    for name, flush in (("TLB_FLUSH_CURRENT", kvm_vcpu_flush_tlb_current), ("TLB_FLUSH_GUEST", kvm_vcpu_flush_tlb_guest)):
        if name in kvm.era.flushes_served_at_transitions() and kvm_check_request(kvm, vcpu, name):
            flush(kvm, vcpu)


# -- exceptions ----------------------------------------------------------------------------------------------------


def kvm_queue_exception(kvm: Kvm, vcpu: Vcpu, vector: str, error_code: int = 0, address: int = 0) -> None:
    """Give the guest an exception at the next entry (x86.c: kvm_queue_exception() and its relatives)."""
    kvm.emit(ExceptionInjected, vcpu.id, vector, error_code, address)
    kvm_multiple_exception(kvm, vcpu, PendingException(vector, error_code, address, vector in HAS_ERROR_CODE))


def kvm_multiple_exception(kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> None:
    """An exception, perhaps while another one waits or is on its way: both are a double fault, or the new one replaces it.

    One of L2 that L1 intercepts is an exit, whatever was before (7709aba8f716); before that commit a double fault came first.
    """
    events = kvm.events(vcpu)
    kvm_make_request(kvm, vcpu, "EVENT", "kvm_multiple_exception")
    if vcpu.guest_mode and kvm.era.morphs_exceptions_when_queued() and kvm.ops.is_exception_vmexit(kvm, vcpu, exception):
        events.exception_vmexit = exception
        return
    before = vcpu.exception.vector if vcpu.exception is not None else injected_exception(events.injected)
    if before == DOUBLE_FAULT:
        kvm_make_request(kvm, vcpu, "TRIPLE_FAULT", "kvm_multiple_exception")
        return
    if before:
        if injected_exception(events.injected):
            events.injected = NOT_INJECTED
        vcpu.exception = None
        doubled = is_double_fault(before, exception.vector)
        kvm.emit(Decided, vcpu.id, "kvm_multiple_exception", f"{exception.vector} behind {before}: which one is delivered?",
                 DOUBLE_FAULT if doubled else exception.vector,
                 f"{before} is {exception_class(before)}, {exception.vector} {exception_class(exception.vector)}",
                 "x86.c: kvm_multiple_exception()")
        if doubled:
            kvm_queue_exception(kvm, vcpu, DOUBLE_FAULT)
            return
    vcpu.exception = exception


def kvm_vcpu_do_singlestep(kvm: Kvm, vcpu: Vcpu) -> None:
    """An instruction that KVM has done for a guest with RFLAGS.TF ends in a #DB (x86.c: kvm_vcpu_do_singlestep())."""
    if kvm.era.defers_exception_payloads():
        kvm_queue_exception(kvm, vcpu, "#DB", 0, DR6_BS)
        return
    cpu = kvm.cpu(vcpu)
    cpu.dr6 |= DR6_BS
    kvm_queue_exception(kvm, vcpu, "#DB", 0, cpu.dr6 & DR6_REPORTED)


def kvm_deliver_exception_payload(kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> None:
    """CR2 of a #PF, DR6 of a #DB, as it is injected (x86.c)."""
    cpu = kvm.cpu(vcpu)
    if exception.vector == "#PF":
        cpu.cr2 = exception.address
    elif exception.vector == "#DB" and kvm.era.defers_exception_payloads():
        status = cpu.dr6 & ~DR6_BREAKPOINTS | DR6_ACTIVE_LOW | exception.address
        cpu.dr6 = (status ^ exception.address & DR6_ACTIVE_LOW) & ~PENDING_BREAKPOINT


def exception_class(vector: str) -> str:
    """"benign", "contributory" or "page fault" (x86.c: exception_class(); SDM Vol. 3A 6.15)."""
    return "page fault" if vector == "#PF" else "contributory" if vector in CONTRIBUTORY else "benign"


def is_double_fault(first: str, second: str) -> bool:
    """Do the two make #DF?"""
    one, other = exception_class(first), exception_class(second)
    return one == other == "contributory" or one == "page fault" and other != "benign"


def kvm_clear_exception_queue(kvm: Kvm, vcpu: Vcpu) -> None:
    """Neither waiting nor on its way any more, nor an exit (x86.h)."""
    events = kvm.events(vcpu)
    if vcpu.exception is not None:
        vcpu.exception = None
    if events.exception_vmexit is not None:
        events.exception_vmexit = None
    if injected_exception(events.injected):
        events.injected = NOT_INJECTED


def kvm_vcpu_exit_request(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The last check before VM entry: has anybody asked for something since? (x86.c)"""
    pending = vcpu.mode != IN_GUEST_MODE or kvm_request_pending(vcpu)
    values = f"mode {vcpu.mode}, requests {vcpu.requests:#x}"
    kvm.emit(Decided, vcpu.id, "kvm_vcpu_exit_request", "cancel this entry?", "yes" if pending else "no", values,
             "x86.c: vcpu_enter_guest(), the check with interrupts off")
    return pending
