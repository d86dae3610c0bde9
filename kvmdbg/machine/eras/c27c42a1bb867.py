"""27c42a1bb867: L1 may enable VM functions."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("27c42a1bb867", order=20170810, first="v4.14", date="2017-08", subject="KVM: nVMX: Enable VMFUNC for the L1 hypervisor",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: handle_vmfunc()", "vmx.c: check_vmentry_prereqs()"))
class Without(Era):
    """VMFUNC was #UD for L1 and for L2."""

    def offers_vmfunc_to_l1(self) -> bool:
        """No."""
        return False

    def vm_functions_of_l1(self) -> int:
        """None."""
        return 0

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the VM-function controls."""
        return encoding != F.VM_FUNCTION_CONTROL and super().vmcs12_has(encoding)
