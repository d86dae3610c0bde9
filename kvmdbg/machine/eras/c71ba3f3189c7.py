"""71ba3f3189c7: the TDP MMU by default."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("71ba3f3189c7", order=20210761, first="v5.15", date="2021-07", subject="KVM: x86: enable TDP MMU by default",
        touches=("mmu/tdp_mmu.c: kvm_mmu_init_tdp_mmu()",))
class Without(Era):
    """EPT01 was the shadow MMU's, and zapping it ended in a remote flush."""

    def has_tdp_mmu(self) -> bool:
        """No."""
        return False
