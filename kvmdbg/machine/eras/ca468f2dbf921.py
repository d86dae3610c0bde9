"""a468f2dbf921: flushes for an APIC-access page are for VPIDs too."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a468f2dbf921", order=20180460, first="v4.18", date="2018-04",
        subject="kvm: apic: Flush TLB after APIC mode/address change if VPIDs are in use",
        touches=("vmx.c: vmx_flush_tlb_ept_only()", "vmx.c: vmx_set_apic_access_page_addr()",),
        read="memory")
class Without(Era):
    """vmx_flush_tlb_ept_only(): without EPT it did nothing."""

    def apic_access_flush_needs_ept(self) -> bool:
        """Yes."""
        return True
