"""Steal time: a page of L1 in which KVM says that the vCPU is preempted, and finds out that its TLB is to be flushed.

A vCPU of L1 that wants to flush another one's TLB sends no IPI to a vCPU that is preempted: it sets KVM_VCPU_FLUSH_TLB in
that vCPU's page, by compare and exchange, and goes on.  From then on KVM owes the flush before the vCPU runs again
(x86.c: record_steal_time(); kvm.md D "PV flush", I-19, I-20, I-32).
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.kvm.events import Decided, GuestInvalidated, StealTimeRecorded
from kvmdbg.machine.kvm.guest_memory import gfn_visible, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.x86 import kvm_vcpu_flush_tlb_guest

MSR_KVM_STEAL_TIME: Final = 0x4B56_4D03     # of KVM, not of any processor (kvm_para.h)
KVM_MSR_ENABLED: Final = 1
ALIGNMENT: Final = 64
VERSION: Final = 8                  # offset of the 64 bits that hold version (31:0) and flags
PREEMPTED: Final = 16               # offset of the 64 bits whose lowest byte is `preempted`
KVM_VCPU_PREEMPTED: Final = 1 << 0
KVM_VCPU_FLUSH_TLB: Final = 1 << 1
BYTE: Final = 0xFF
MASK_32: Final = 0xFFFF_FFFF


def steal_time_page(vcpu: Vcpu) -> int:
    """L1 guest-physical address of struct kvm_steal_time; 0 while the MSR is off."""
    return vcpu.steal_time & ~(ALIGNMENT - 1) if vcpu.steal_time & KVM_MSR_ENABLED else 0


def set_steal_time(kvm: Kvm, vcpu: Vcpu, data: int) -> bool:
    """MSR_KVM_STEAL_TIME is written, by the guest or by user space; False asks for #GP(0) (x86.c: kvm_set_msr_common())."""
    if data & (ALIGNMENT - 1) & ~KVM_MSR_ENABLED:
        return False
    if kvm.era.steal_time_page_must_exist() and data & KVM_MSR_ENABLED and not gfn_visible(kvm, data >> 12):
        return False
    vcpu.steal_time = data
    if data & KVM_MSR_ENABLED:
        kvm_make_request(kvm, vcpu, "STEAL_UPDATE", "kvm_set_msr_common")
    return True


def kvm_steal_time_set_preempted(kvm: Kvm, vcpu: Vcpu) -> None:
    """The thread is being scheduled out: may the guest's other vCPUs rely on its not running?"""
    if not kvm.era.has_preempted_flag():
        return
    boundaries_only = kvm.era.preempted_at_instruction_boundaries_only()
    reported = vcpu.at_instruction_boundary or not boundaries_only
    kvm.count(vcpu.id, "preemption_reported" if reported else "preemption_other")
    page = steal_time_page(vcpu)
    if not page:
        return
    where = "between two instructions of the guest" if vcpu.at_instruction_boundary else "inside KVM"
    kvm.emit(Decided, vcpu.id, "kvm_steal_time_set_preempted", "call the vCPU preempted?", "yes" if reported else "no",
             f"it was left {where}", "x86.c: kvm_steal_time_set_preempted()")
    if reported:
        cell = kvm_read_guest(kvm, page + PREEMPTED) or 0
        kvm_write_guest(kvm, page + PREEMPTED, cell & ~BYTE | KVM_VCPU_PREEMPTED)


def record_steal_time(kvm: Kvm, vcpu: Vcpu) -> None:
    """The vCPU is about to run again: take the preempted byte back, and do the flush that was left to the host."""
    page = steal_time_page(vcpu)
    if not page:
        return
    if kvm.era.has_preempted_flag():
        cell = kvm_read_guest(kvm, page + PREEMPTED) or 0
        kvm_write_guest(kvm, page + PREEMPTED, cell & ~BYTE)
        if kvm.era.has_pv_tlb_flush():
            pv_flush(kvm, vcpu, bool(cell & KVM_VCPU_FLUSH_TLB))
    version = kvm_read_guest(kvm, page + VERSION) or 0
    kvm_write_guest(kvm, page + VERSION, version & ~MASK_32 | (version + 2 & ~1 & MASK_32))


def pv_flush(kvm: Kvm, vcpu: Vcpu, need_flush: bool) -> None:
    """xchg(&st->preempted, 0) has found KVM_VCPU_FLUSH_TLB, or has not."""
    kvm.emit(StealTimeRecorded, vcpu.id, need_flush)
    if need_flush:
        kvm.emit(GuestInvalidated, vcpu.id, 1, "pv flush", "all-context", 0, -1, -1, -1)
        kvm_vcpu_flush_tlb_guest(kvm, vcpu, "PV flush")
