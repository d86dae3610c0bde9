"""730dca42c1d3: KVM_REQ_IMMEDIATE_EXIT becomes a local flag. Stands for the requests of v3.3 to v4.3."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.injection import MAKE_REQUEST

BITS_E11: Final = {
    "TLB_FLUSH": 0, "MIGRATE_TIMER": 1, "REPORT_TPR_ACCESS": 2, "MMU_RELOAD": 3, "TRIPLE_FAULT": 4, "PENDING_TIMER": 5,
    "UNHALT": 6, "MMU_SYNC": 7, "CLOCK_UPDATE": 8, "KICK": 9, "DEACTIVATE_FPU": 10, "EVENT": 11, "APF_HALT": 12,
    "STEAL_UPDATE": 13, "NMI": 14, "IMMEDIATE_EXIT": 15,
}
SERVICE_ORDER_E11: Final = (
    "MMU_RELOAD", "MIGRATE_TIMER", "CLOCK_UPDATE", "MMU_SYNC", "TLB_FLUSH", "REPORT_TPR_ACCESS", "TRIPLE_FAULT", "DEACTIVATE_FPU",
    "APF_HALT", "STEAL_UPDATE", "NMI", "IMMEDIATE_EXIT",
)


@commit("730dca42c1d3", order=20130410, first="v3.10", date="2013-04",
        subject="KVM: x86: Rework request for immediate exit",
        touches=("x86.c: vcpu_enter_guest()", "vmx.c: enable_irq_window()"),
        needs=("d6185f20a0ef", "7460fb4a3400"),
        series="with the requests that came between v3.3 and v4.3: PMU and PMI (f5132b01386b), MASTERCLOCK_UPDATE (d828199e8444), "
               "SCAN_IOAPIC, GLOBAL_CLOCK_UPDATE, APIC_PAGE_RELOAD, SMI, HV_CRASH; read in v3.2 and v4.1",
        read="memory")
class Without(Era):
    """v3.2: sixteen requests, IMMEDIATE_EXIT among them in what is the bit of PMU later."""

    def interrupt_behind_a_pending_run(self) -> str:
        """enable_irq_window() made the request, behind the place in the ladder where it is served."""
        return MAKE_REQUEST

    def request_bits(self) -> dict[str, int]:
        """E11's."""
        return BITS_E11

    def service_order(self) -> tuple[str, ...]:
        """E11's; IMMEDIATE_EXIT is looked at last and made later, in KVM_REQ_EVENT, so that it cancels one entry."""
        return SERVICE_ORDER_E11
