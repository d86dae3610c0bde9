"""b3897a49e22f: IA32_FEATURE_CONTROL of a guest can be written, and VMXON looks at it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b3897a49e22f", order=20130721, first="v3.12", date="2013-07",
        subject="KVM: nVMX: Fix read/write to MSR_IA32_FEATURE_CONTROL",
        touches=("vmx.c: vmx_get_vmx_msr()", "vmx.c: vmx_set_vmx_msr()", "vmx.c: handle_vmon()",), read="memory")
class Without(Era):
    """It was 0 for ever, and VMXON did not care."""

    def emulates_feature_control(self) -> bool:
        """No."""
        return False
