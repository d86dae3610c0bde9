"""02120c45b0b9: L1 may have execute-only pages in its EPT."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("02120c45b0b9", order=20160705, first="v4.8", date="2016-07",
        subject="kvm: vmx: advertise support for ept execute only",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), read="memory")
class Without(Era):
    """Bit 0 of its IA32_VMX_EPT_VPID_CAP was 0, and such an entry a misconfiguration."""

    def offers_execute_only_ept_to_l1(self) -> bool:
        """No."""
        return False
