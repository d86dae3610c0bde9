"""cae501397a25: User space can take a vCPU out of VMX operation."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cae501397a25", order=20140110, first="v3.14", date="2014-01",
        subject="KVM: nVMX: Clean up handling of VMX-related MSRs",
        touches=("vmx.c: vmx_set_vmx_msr()",), read="memory")
class Without(Era):
    """A vCPU stayed in VMX operation whatever user space wrote."""

    def user_space_can_leave_vmx(self) -> bool:
        """No."""
        return False
