"""3cc4e148b962: requests for a remote flush are counted."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("3cc4e148b962", order=20210810, first="v5.15", date="2021-08",
        subject="KVM: stats: Add VM stat for remote tlb flush requests",
        touches=("kvm_main.c: kvm_flush_remote_tlbs()",), read="memory")
class Without(Era):
    """No such statistic."""

    def counts_remote_flush_requests(self) -> bool:
        """No."""
        return False
