"""2387149eade2: KVM_ARCH_REQ(). Stands for the flags and numbers that requests got in v4.13."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

# A.1: the flat numbering of v4.1.15 to 25, and what came after it; bit 10 was DEACTIVATE_FPU's (bd7e5b0899a4).
FLAT_BITS: Final = {
    "TLB_FLUSH": 0, "MIGRATE_TIMER": 1, "REPORT_TPR_ACCESS": 2, "MMU_RELOAD": 3, "TRIPLE_FAULT": 4, "PENDING_TIMER": 5,
    "UNHALT": 6, "MMU_SYNC": 7, "CLOCK_UPDATE": 8, "KICK": 9, "EVENT": 11, "APF_HALT": 12, "STEAL_UPDATE": 13, "NMI": 14,
    "PMU": 15, "PMI": 16, "WATCHDOG": 17, "MASTERCLOCK_UPDATE": 18, "MCLOCK_INPROGRESS": 19, "EPR_EXIT": 20, "SCAN_IOAPIC": 21,
    "GLOBAL_CLOCK_UPDATE": 22, "ENABLE_IBS": 23, "DISABLE_IBS": 24, "APIC_PAGE_RELOAD": 25, "SMI": 26, "HV_CRASH": 27,
    "IOAPIC_EOI_EXIT": 28, "HV_RESET": 29, "HV_EXIT": 30, "HV_STIMER": 31,
}
# B.2, B.3: v4.15's ladder, which these kernels share but for the requests that they lack.
SERVICE_ORDER: Final = (
    "MMU_RELOAD", "MIGRATE_TIMER", "MASTERCLOCK_UPDATE", "GLOBAL_CLOCK_UPDATE", "CLOCK_UPDATE", "MMU_SYNC", "TLB_FLUSH",
    "REPORT_TPR_ACCESS", "TRIPLE_FAULT", "APF_HALT", "STEAL_UPDATE", "SMI", "NMI", "PMU", "PMI", "IOAPIC_EOI_EXIT",
    "SCAN_IOAPIC", "APIC_PAGE_RELOAD", "HV_CRASH", "HV_RESET", "HV_EXIT", "HV_STIMER",
)


@commit("2387149eade2", order=20170410, first="v4.13", date="2017-04", subject="KVM: improve arch vcpu request defining",
        touches=("kvm_host.h: KVM_ARCH_REQ()",), needs=("bd7e5b0899a4",),
        series="with the flags, kvm_request_needs_ipi() and wake-ups of the same series (7a97cec26b94, 930f7fd6da77, 6c6e8360b326)",
        read="memory")
class Without(Era):
    """One flat list of bits for generic and x86 requests, without flags."""

    def request_bits(self) -> dict[str, int]:
        """Flat."""
        return FLAT_BITS

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """None: each request for all vCPUs was waited for, and none woke a sleeper."""
        return {}

    def service_order(self) -> tuple[str, ...]:
        """As v4.15's."""
        return SERVICE_ORDER

    def request_waits(self, name: str) -> bool:
        """Every one."""
        return True

    def request_wakes(self, name: str) -> bool:
        """None."""
        return False
