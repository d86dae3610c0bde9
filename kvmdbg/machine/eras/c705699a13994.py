"""705699a13994: L1 may have posted interrupts processed."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("705699a13994", order=20150211, first="v4.0", date="2015-02",
        subject="KVM: nVMX: Enable nested posted interrupt processing",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: prepare_vmcs02()"), read="memory")
class Without(Era):
    """vmcs12 had no such control."""

    def offers_posted_interrupts_to_l1(self) -> bool:
        """No."""
        return False

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the vector and the descriptor."""
        return encoding not in (F.POSTED_INTR_NV, F.POSTED_INTR_DESC_ADDR) and super().vmcs12_has(encoding)
