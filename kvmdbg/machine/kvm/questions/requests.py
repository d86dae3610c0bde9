"""Requests: their bits and their order (kvm_host.h, x86.c; kvm.md A, B)."""

from __future__ import annotations

from typing import Final

# A.2, v6.12: arch request n is bit n + 8 of vcpu->requests (KVM_ARCH_REQ).
REQUEST_BITS_V6_12: Final = {
    "TLB_FLUSH": 0, "VM_DEAD": 1, "UNBLOCK": 2, "DIRTY_RING_SOFT_FULL": 3,
    "MIGRATE_TIMER": 8, "REPORT_TPR_ACCESS": 9, "TRIPLE_FAULT": 10, "MMU_SYNC": 11, "CLOCK_UPDATE": 12, "LOAD_MMU_PGD": 13,
    "EVENT": 14, "APF_HALT": 15, "STEAL_UPDATE": 16, "NMI": 17, "PMU": 18, "PMI": 19, "SMI": 20, "MASTERCLOCK_UPDATE": 21,
    "MCLOCK_INPROGRESS": 22, "SCAN_IOAPIC": 23, "GLOBAL_CLOCK_UPDATE": 24, "APIC_PAGE_RELOAD": 25, "HV_CRASH": 26,
    "IOAPIC_EOI_EXIT": 27, "HV_RESET": 28, "HV_EXIT": 29, "HV_STIMER": 30, "LOAD_EOI_EXITMAP": 31, "GET_NESTED_STATE_PAGES": 32,
    "APICV_UPDATE": 33, "TLB_FLUSH_CURRENT": 34, "TLB_FLUSH_GUEST": 35, "APF_READY": 36, "MSR_FILTER_CHANGED": 37,
    "UPDATE_CPU_DIRTY_LOGGING": 38, "MMU_FREE_OBSOLETE_ROOTS": 39, "HV_TLB_FLUSH": 40, "UPDATE_PROTECTED_GUEST_STATE": 42,
}


class RequestQuestions:
    """Mainline's answers, v6.12."""

    def request_bits(self) -> dict[str, int]:
        """Bit of each KVM_REQ_* in vcpu->requests (kvm_host.h; kvm.md A)."""
        return REQUEST_BITS_V6_12
