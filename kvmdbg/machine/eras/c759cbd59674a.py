"""759cbd59674a: the entry of L2 by RSM must complete before L2 may exit again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("759cbd59674a", order=20220207, first="v5.17", date="2022-02",
        subject="KVM: x86: nSVM/nVMX: set nested_run_pending on VM entry which is a result of RSM",
        touches=("vmx.c: vmx_leave_smm()",), needs=("72e9cbdb4338",), read="memory")
class Without(Era):
    """An event for L1 could make L2 exit before RSM had loaded its registers."""

    def rsm_sets_run_pending(self) -> bool:
        """No."""
        return False
