"""5a30e8aea079: RSM into L2 checks vmcs12 first."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("5a30e8aea079", order=20260301, first="v7.0", date="2026-03",
        subject="KVM: VMX: check validity of VMCS controls when returning from SMM",
        touches=("vmx.c: vmx_leave_smm()", "nested.c: nested_vmx_check_restored_vmcs12()"), needs=("72e9cbdb4338",), read="memory")
class Without(Era):
    """What user space had made of vmcs12 in the meantime was taken as it was."""

    def checks_vmcs12_before_rsm(self) -> bool:
        """No."""
        return False
