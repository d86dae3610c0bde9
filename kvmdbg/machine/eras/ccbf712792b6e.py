"""cbf712792b6e: VMPTRLD of the VMXON region fails with its own error number."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cbf712792b6e", order=20170610, first="v4.13", date="2017-06",
        subject="KVM: nVMX: fix nested_vmx_check_vmptr failure paths under debugging",
        touches=("vmx.c: handle_vmptrld()", "vmx.c: nested_vmx_check_vmptr()"), read="memory")
class Without(Era):
    """One function checked for three instructions, and VMPTRLD got the number of VMCLEAR."""

    def vmptrld_of_the_vmxon_region(self) -> int:
        """VMXERR_VMCLEAR_VMXON_POINTER."""
        return 3
