"""Requests: their bits, their flags and the order of service (kvm_host.h, x86.c; kvm.md A, B)."""

from __future__ import annotations

from typing import Final

# What a request carries beside its number (kvm_host.h: KVM_REQUEST_WAIT and so on; kvm.md A.2).
WAIT: Final = "WAIT"                  # the requester waits until the vCPU has left the guest
NO_WAKEUP: Final = "NO_WAKEUP"        # a sleeping vCPU is not woken for it
NO_ACTION: Final = "NO_ACTION"        # a kick without a bit

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
REQUEST_FLAGS_V6_12: Final = {
    **dict.fromkeys(("TLB_FLUSH", "VM_DEAD", "MCLOCK_INPROGRESS", "SCAN_IOAPIC", "APIC_PAGE_RELOAD", "APICV_UPDATE",
                     "TLB_FLUSH_GUEST", "UPDATE_CPU_DIRTY_LOGGING", "MMU_FREE_OBSOLETE_ROOTS", "HV_TLB_FLUSH"),
                    (WAIT, NO_WAKEUP)),
    "OUTSIDE_GUEST_MODE": (WAIT, NO_WAKEUP, NO_ACTION),
}
# B.5: the ladder of vcpu_enter_guest(), v6.12, whether the model serves a request or not.
SERVICE_ORDER_V6_12: Final = (
    "VM_DEAD", "DIRTY_RING_SOFT_FULL", "GET_NESTED_STATE_PAGES", "MMU_FREE_OBSOLETE_ROOTS", "MIGRATE_TIMER", "MASTERCLOCK_UPDATE",
    "GLOBAL_CLOCK_UPDATE", "CLOCK_UPDATE", "MMU_SYNC", "LOAD_MMU_PGD", "TLB_FLUSH", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST",
    "HV_TLB_FLUSH", "REPORT_TPR_ACCESS", "TRIPLE_FAULT", "APF_HALT", "STEAL_UPDATE", "PMU", "PMI", "SMI", "NMI",
    "IOAPIC_EOI_EXIT", "SCAN_IOAPIC", "LOAD_EOI_EXITMAP", "APIC_PAGE_RELOAD", "HV_CRASH", "HV_RESET", "HV_EXIT", "HV_STIMER",
    "APICV_UPDATE", "APF_READY", "MSR_FILTER_CHANGED", "UPDATE_CPU_DIRTY_LOGGING", "UPDATE_PROTECTED_GUEST_STATE",
)


class RequestQuestions:
    """Mainline's answers, v6.12."""

    def request_bits(self) -> dict[str, int]:
        """Bit of each KVM_REQ_* in vcpu->requests (kvm_host.h; kvm.md A)."""
        return REQUEST_BITS_V6_12

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """WAIT, NO_WAKEUP and NO_ACTION of the requests that have any; empty for a kernel without flags (kvm.md A.2)."""
        return REQUEST_FLAGS_V6_12

    def service_order(self) -> tuple[str, ...]:
        """The requests that vcpu_enter_guest() looks at, first to last, EVENT left out: it comes after all of them (kvm.md B).

        A commit that adds, drops or moves one says so on super().service_order(); a name without a bit is never pending.
        """
        return SERVICE_ORDER_V6_12

    def loads_the_root_before_injecting(self) -> bool:
        """Does kvm_mmu_reload() come before KVM_REQ_EVENT is looked at? (kvm.md B.1 steps 2 and 3)"""
        return False

    def request_waits(self, name: str) -> bool:
        """Does who makes the request on all vCPUs wait until each has left the guest? (A.3)"""
        return WAIT in self.request_flags().get(name, ())

    def request_wakes(self, name: str) -> bool:
        """Does kvm_make_all_cpus_request() wake a vCPU that sleeps? (A.3)"""
        return NO_WAKEUP not in self.request_flags().get(name, ())

    def kick_changes_the_mode_here(self) -> bool:
        """Does kvm_vcpu_kick() of the vCPU that runs on this very processor make IN_GUEST_MODE EXITING_GUEST_MODE? (A.3)"""
        return True

    def has_tlbs_dirty(self) -> bool:
        """Does a sync that dropped SPTEs leave it to the next remote flush to tell the other vCPUs: kvm->tlbs_dirty? (A.3)"""
        return False
