"""82f0dd4b27b9: L1 may use APIC-register virtualization."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("82f0dd4b27b9", order=20150209, first="v4.0", date="2015-02",
        subject="KVM: nVMX: Enable nested apic register virtualization",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: prepare_vmcs02()"), read="memory")
class Without(Era):
    """vmcs12 had no such control."""

    def offers_apic_registers_to_l1(self) -> bool:
        """No."""
        return False
