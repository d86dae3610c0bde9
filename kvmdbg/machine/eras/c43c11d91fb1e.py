"""43c11d91fb1e: the vCPU statistic nested_run."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("43c11d91fb1e", order=20210310, first="v5.13", date="2021-03",
        subject="KVM: x86: to track if L1 is running L2 VM",
        touches=("vmx.c: vmx_vcpu_run()",))
class Without(Era):
    """No such statistic."""

    def counts_nested_run(self) -> bool:
        """No."""
        return False
