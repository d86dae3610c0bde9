"""72e9cbdb4338: an SMI in L2 makes L2 exit first."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("72e9cbdb4338", order=20171011, first="v4.15", date="2017-10", subject="KVM: nVMX: fix SMI injection in guest mode",
        touches=("vmx.c: vmx_pre_enter_smm()", "vmx.c: vmx_pre_leave_smm()",), needs=("64d6067057d9",), read="memory")
class Without(Era):
    """The handler ran on vmcs02, as L2."""

    def smi_leaves_guest_mode(self) -> bool:
        """No."""
        return False
