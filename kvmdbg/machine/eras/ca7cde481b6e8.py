"""a7cde481b6e8: VMCS shadowing for L1's L2s, emulated."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("a7cde481b6e8", order=20180720, first="v4.19", date="2018-06",
        subject="KVM: nVMX: Do not forward VMREAD/VMWRITE VMExits to L1 if required so by vmcs12 vmread/vmwrite bitmaps",
        touches=("vmx.c: nested_vmx_exit_handled_vmcs_access()", "vmx.c: handle_vmread()", "vmx.c: handle_vmptrld()",
                 "vmx.c: nested_vmx_run()"),
        series="the series of June 2018: shadow VMCSs of L1 (VMPTRLD, VMLAUNCH), their checks, the cached shadow vmcs12, and the "
               "control in IA32_VMX_PROCBASED_CTLS2")
class Without(Era):
    """L1 was offered no VMCS shadowing, a shadow VMCS was another revision, and each VMREAD and VMWRITE of L2 was L1's."""

    def offers_vmcs_shadowing_to_l1(self) -> bool:
        """No."""
        return False

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the bitmaps."""
        return encoding not in (F.VMREAD_BITMAP, F.VMWRITE_BITMAP) and super().vmcs12_has(encoding)
