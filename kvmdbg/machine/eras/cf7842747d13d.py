"""f7842747d13d: the notifier change_pte goes."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f7842747d13d", order=20240461, first="v6.10", date="2024-04", subject="KVM: delete .change_pte MMU notifier callback",
        touches=("kvm_main.c: kvm_mmu_notifier_change_pte()", "mmu.c: kvm_set_spte_gfn()"), read="memory")
class Without(Era):
    """kvm_mmu_notifier_change_pte() existed; since 6bdb913f0a70 the invalidation before it had left it nothing to do."""

    def has_change_pte(self) -> bool:
        """Yes."""
        return True
