"""vcpu->requests and kicks: making, testing and checking KVM_REQ_* bits, IPIs, remote flushes (kvm_main.c; kvm.md A.3)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.interrupts import raise_interrupt, take
from kvmdbg.machine.kvm.events import (
    Decided,
    Kicked,
    ModeChanged,
    RequestCleared,
    RequestLeftOut,
    RequestMade,
    RequestServiced,
    WokenUp,
)
from kvmdbg.machine.kvm.questions.requests import NO_ACTION
from kvmdbg.machine.kvm.state import EXITING_GUEST_MODE, HALTED, IN_GUEST_MODE, OUTSIDE_GUEST_MODE, Kvm, Vcpu

RESCHEDULE_VECTOR: Final = 0xFD          # arch/x86: irq_vectors.h
CALL_FUNCTION_VECTOR: Final = 0xFC
TLBS_DIRTY: Final = "tlbs_dirty"


def kvm_make_request(kvm: Kvm, vcpu: Vcpu, name: str, by: str) -> None:
    """Set the bit; no kick.  name: without KVM_REQ_; by: the kernel function that asks.  See Hardware.left_out."""
    if kvm.hw.left_out and kvm.tape.cursor in kvm.hw.left_out:
        kvm.emit(RequestLeftOut, vcpu.id, name, by)
        return
    kvm.emit(RequestMade, vcpu.id, name, by)
    vcpu.requests |= 1 << kvm.era.request_bits()[name]


def kvm_test_request(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Is the bit set? False for a request that this kernel does not have."""
    bit = kvm.era.request_bits().get(name)
    return bit is not None and bool(vcpu.requests >> bit & 1)


def kvm_check_request(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Test, and if set clear (with a full barrier)."""
    if not kvm_test_request(kvm, vcpu, name):
        return False
    kvm.emit(RequestServiced, vcpu.id, name)
    vcpu.requests &= ~(1 << kvm.era.request_bits()[name])
    return True


def kvm_clear_request(kvm: Kvm, vcpu: Vcpu, name: str, by: str) -> None:
    """Drop the bit, unserved."""
    if kvm_test_request(kvm, vcpu, name):
        kvm.emit(RequestCleared, vcpu.id, name, by)
        vcpu.requests &= ~(1 << kvm.era.request_bits()[name])


def kvm_mmu_flush_tlb(kvm: Kvm, vcpu: Vcpu, by: str) -> None:
    """Code of the MMU asks for a flush of this vCPU (mmu.c, until v5.7); until v3.17 this is what tlb_flush counts (kvm.md H)."""
    if not kvm.era.counts_flushes_when_served():
        kvm.count(vcpu.id, "tlb_flush")
    kvm_make_request(kvm, vcpu, kvm.era.local_flush_request(), by)


def kvm_request_pending(vcpu: Vcpu) -> bool:
    """Is anything asked for?"""
    return vcpu.requests != 0


# -- kicks ---------------------------------------------------------------------------------------------------------


def kvm_vcpu_exiting_guest_mode(kvm: Kvm, vcpu: Vcpu) -> str:
    """Compare and swap IN_GUEST_MODE for EXITING_GUEST_MODE; the mode before. The first to ask sees IN_GUEST_MODE."""
    old = vcpu.mode
    if old == IN_GUEST_MODE:
        kvm.emit(ModeChanged, vcpu.id, EXITING_GUEST_MODE)
        vcpu.mode = EXITING_GUEST_MODE
    return old


def kvm_request_needs_ipi(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Must the vCPU's processor be interrupted for this request? Who waits, waits for a vCPU that is on its way out too."""
    mode = kvm_vcpu_exiting_guest_mode(kvm, vcpu)
    needed = mode != OUTSIDE_GUEST_MODE if kvm.era.request_waits(name) else mode == IN_GUEST_MODE
    kvm.emit(Decided, vcpu.id, "kvm_request_needs_ipi", "send an IPI?", "yes" if needed else "no",
             f"mode {mode}, the requester {'waits' if kvm.era.request_waits(name) else 'does not wait'}",
             "kvm_main.c: kvm_make_all_cpus_request(); kvm.md A.3")
    return needed


def send_ipi(kvm: Kvm, cpu: int, vector: int) -> None:
    """An interrupt for a processor: its guest exits for it, its host takes it at once unless interrupts are off there."""
    raise_interrupt(kvm.hw, cpu, vector)
    if not any(vcpu.cpu == cpu and vcpu.mode in (IN_GUEST_MODE, EXITING_GUEST_MODE) for vcpu in kvm.vcpus):
        take(kvm.hw, kvm.hw.cpus[cpu])


def kvm_vcpu_wake_up(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Wake the thread of a vCPU that sleeps in kvm_vcpu_block(); False when it does not sleep."""
    if vcpu.mp_state != HALTED:
        return False
    kvm.emit(WokenUp, vcpu.id)
    kvm.count(vcpu.id, "halt_wakeup")
    return True


def kvm_vcpu_kick(kvm: Kvm, vcpu: Vcpu, here: int = -1) -> None:
    """Get the vCPU's attention: wake it, or make it leave the guest.  here: the processor that this runs on, -1 another one."""
    if kvm_vcpu_wake_up(kvm, vcpu) or vcpu.cpu == -1:
        return
    if vcpu.cpu == here:
        if kvm.era.kick_changes_the_mode_here():
            kvm_vcpu_exiting_guest_mode(kvm, vcpu)          # who is about to enter the guest sees it in the last check
        return
    if kvm_vcpu_exiting_guest_mode(kvm, vcpu) == IN_GUEST_MODE:
        kvm.emit(Kicked, vcpu.id, vcpu.cpu, "kvm_vcpu_kick", False)
        send_ipi(kvm, vcpu.cpu, RESCHEDULE_VECTOR)


def kvm_make_all_cpus_request(kvm: Kvm, name: str, by: str, here: int = -1) -> bool:
    """Make the request on every vCPU and interrupt the processors that run one; True when an IPI was sent (kvm_main.c).

    name: without KVM_REQ_; OUTSIDE_GUEST_MODE sets no bit.  by: the kernel function that asks.  here: the processor that this
    runs on, which needs no IPI, -1 for none that runs a vCPU.  Each processor gets one IPI, however many vCPUs it has.
    """
    interrupted: dict[int, Vcpu] = {}
    for vcpu in kvm.vcpus:
        if NO_ACTION not in kvm.era.request_flags().get(name, ()):
            kvm_make_request(kvm, vcpu, name, by)
        if kvm.era.request_wakes(name) and kvm_vcpu_wake_up(kvm, vcpu):
            continue
        if vcpu.cpu not in (-1, here) and kvm_request_needs_ipi(kvm, vcpu, name):
            interrupted.setdefault(vcpu.cpu, vcpu)
    for cpu, vcpu in sorted(interrupted.items()):
        kvm.emit(Kicked, vcpu.id, cpu, "kvm_make_all_cpus_request", kvm.era.request_waits(name))
        send_ipi(kvm, cpu, CALL_FUNCTION_VECTOR)
    return bool(interrupted)


def kvm_flush_remote_tlbs(kvm: Kvm, by: str, here: int = -1) -> None:
    """Ask every vCPU, the caller's own included, for a flush; it is served at the vCPU's next entry (kvm_main.c).

    remote_tlb_flush counts the calls that had to interrupt a processor, remote_tlb_flush_requests all (kvm.md H).
    """
    kvm.count(-1, "remote_tlb_flush_requests")
    dirty = kvm.counters.get(TLBS_DIRTY, 0)
    if kvm_make_all_cpus_request(kvm, "TLB_FLUSH", by, here):
        kvm.count(-1, "remote_tlb_flush")
    if dirty and kvm.counters[TLBS_DIRTY] == dirty:          # cmpxchg(): a sync meanwhile keeps it dirty
        kvm.counters[TLBS_DIRTY] = 0


def tlbs_dirty(kvm: Kvm) -> bool:
    """Has a sync dropped SPTEs that other vCPUs may still have cached? (kvm.md A.3)"""
    return bool(kvm.counters.get(TLBS_DIRTY, 0))


def count_tlbs_dirty(kvm: Kvm) -> None:
    """A sync has dropped or changed an SPTE without a remote flush (paging_tmpl.h: FNAME(sync_page)())."""
    if kvm.era.has_tlbs_dirty():
        kvm.counters[TLBS_DIRTY] = kvm.counters.get(TLBS_DIRTY, 0) + 1
