"""f2b93280edf5: L1 may virtualize x2APIC mode."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f2b93280edf5", order=20150208, first="v4.0", date="2015-02", subject="KVM: nVMX: Enable nested virtualize x2apic mode",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: prepare_vmcs02()"), read="memory")
class Without(Era):
    """vmcs12 had no such control."""

    def offers_x2apic_mode_to_l1(self) -> bool:
        """No."""
        return False
