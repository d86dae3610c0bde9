"""3dbcd8da7b56: L1 has the TRUE capability MSRs."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("3dbcd8da7b56", order=20140602, first="v3.17", date="2014-06",
        subject="KVM: nVMX: Advertise support for MSR_IA32_VMX_TRUE_*_CTLS",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), read="memory")
class Without(Era):
    """VMX_BASIC bit 55 was 0, and every default1 bit had to be 1."""

    def offers_true_controls_to_l1(self) -> bool:
        """No."""
        return False
