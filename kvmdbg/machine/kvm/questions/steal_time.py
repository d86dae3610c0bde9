"""Steal time: what the host tells a vCPU about its preemption, and the flush that rides on it (x86.c; kvm.md D, I-19, I-20)."""

from __future__ import annotations


class StealTimeQuestions:
    """Mainline's answers, v6.12."""

    def has_preempted_flag(self) -> bool:
        """Does struct kvm_steal_time say whether the vCPU is preempted? (0b9f6c4615c9)"""
        return True

    def has_pv_tlb_flush(self) -> bool:
        """May another vCPU leave its flush to the host by KVM_VCPU_FLUSH_TLB? (f38a7b75267f)"""
        return True

    def preempted_at_instruction_boundaries_only(self) -> bool:
        """Is a vCPU called preempted only where its guest has no instruction half emulated? (6cd88243c7e0)"""
        return True

    def steal_time_page_must_exist(self) -> bool:
        """Is an address outside the VM's memory refused when the guest writes it? (a6bd811f1209)"""
        return False
