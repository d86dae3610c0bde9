"""1075d41efd59: the vCPU statistic pf_taken and its siblings."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("1075d41efd59", order=20220420, first="v5.19", date="2022-04",
        subject="KVM: x86/mmu: Expand and clean up page fault stats",
        touches=("mmu.c: kvm_mmu_do_page_fault()",))
class Without(Era):
    """pf_fixed and pf_guest were all."""

    def counts_pf_taken(self) -> bool:
        """No."""
        return False
