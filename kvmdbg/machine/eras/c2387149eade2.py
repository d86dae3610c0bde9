"""2387149eade2: KVM_ARCH_REQ(). Stands for the numbering of requests between v4.4 and v4.13."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

# A.1: the flat numbering as of v4.1.15; x86 requests had moved to 8 and up before v4.13 (kvm.md A.2 reads v4.15).
FLAT_BITS: Final = {
    "TLB_FLUSH": 0, "MIGRATE_TIMER": 1, "REPORT_TPR_ACCESS": 2, "MMU_RELOAD": 3, "TRIPLE_FAULT": 4, "PENDING_TIMER": 5,
    "UNHALT": 6, "MMU_SYNC": 7, "CLOCK_UPDATE": 8, "KICK": 9, "DEACTIVATE_FPU": 10, "EVENT": 11, "APF_HALT": 12,
    "STEAL_UPDATE": 13, "NMI": 14, "PMU": 15, "PMI": 16, "WATCHDOG": 17, "MASTERCLOCK_UPDATE": 18, "MCLOCK_INPROGRESS": 19,
    "EPR_EXIT": 20, "SCAN_IOAPIC": 21, "GLOBAL_CLOCK_UPDATE": 22, "ENABLE_IBS": 23, "DISABLE_IBS": 24, "APIC_PAGE_RELOAD": 25,
}


@commit("2387149eade2", order=20170410, first="v4.13", date="2017-04", subject="KVM: improve arch vcpu request defining",
        touches=("kvm_host.h: KVM_ARCH_REQ()",), read="memory")
class Without(Era):
    """v4.4 and before: one flat list of bits for generic and x86 requests, without flags (kvm.md A.1)."""

    def request_bits(self) -> dict[str, int]:
        """Flat."""
        return FLAT_BITS
