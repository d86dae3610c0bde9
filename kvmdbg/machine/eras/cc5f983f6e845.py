"""c5f983f6e845: L1 may use page-modification logging."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("c5f983f6e845", order=20170505, first="v4.13", date="2017-05", subject="nVMX: Implement emulated Page Modification Logging",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: prepare_vmcs02()"), read="memory")
class Without(Era):
    """vmcs12 had no such control."""

    def offers_pml_to_l1(self) -> bool:
        """No."""
        return False

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the log."""
        return encoding not in (F.PML_ADDRESS, F.GUEST_PML_INDEX) and super().vmcs12_has(encoding)
