"""fb6c81984313: another APIC-access address costs a flush (I-21)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("fb6c81984313", order=20170315, first="v4.12", date="2017-03",
        subject="kvm: vmx: Flush TLB when the APIC-access address changes",
        touches=("vmx.c: prepare_vmcs02()", "vmx.c: nested_vmx_vmexit()", "vmx.c: vmx_set_apic_access_page_addr()",))
class Without(Era):
    """L2's APIC-access page was in force with translations cached under L1's: an access could miss it."""

    def apic_access_flushes_at_transitions(self, nested_ept: bool, virtualizes: bool) -> bool:
        """No."""
        return False

    def apic_page_reload_flushes(self) -> bool:
        """No: only the address was written."""
        return False
