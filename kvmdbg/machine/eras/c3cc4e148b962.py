"""3cc4e148b962: remote flushes and nested runs are counted. Stands for the statistics of 2021."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("3cc4e148b962", order=20210810, first="v5.15", date="2021-08",
        subject="KVM: stats: Add VM stat for remote tlb flush requests",
        touches=("kvm_main.c: kvm_flush_remote_tlbs()",), series="with 43c11d91fb1e, the vCPU statistic nested_run", read="memory")
class Without(Era):
    """Neither remote_tlb_flush_requests nor nested_run existed (kvm.md H)."""

    def counts_remote_flush_requests(self) -> bool:
        """No."""
        return False

    def counts_nested_run(self) -> bool:
        """No."""
        return False
