"""608406e290cf: L1 may use virtual-interrupt delivery."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("608406e290cf", order=20150210, first="v4.0", date="2015-02",
        subject="KVM: nVMX: Enable nested virtual interrupt delivery",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: prepare_vmcs02()",), read="memory")
class Without(Era):
    """vmcs12 had no such control."""

    def offers_virtual_interrupts_to_l1(self) -> bool:
        """No."""
        return False

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the bitmaps and the status."""
        lacking = (F.GUEST_INTR_STATUS, F.EOI_EXIT_BITMAP0, F.EOI_EXIT_BITMAP1, F.EOI_EXIT_BITMAP2, F.EOI_EXIT_BITMAP3)
        return encoding not in lacking and super().vmcs12_has(encoding)
