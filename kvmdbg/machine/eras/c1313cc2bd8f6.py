"""1313cc2bd8f6: guest mode becomes part of the MMU role."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("1313cc2bd8f6", order=20180810, first="v4.19", date="2018-08", subject="kvm: mmu: Add guest_mode to kvm_mmu_page_role",
        touches=("mmu.c: kvm_calc_mmu_role_common()",))
class Without(Era):
    """An L2 without EPT12 ran on L1's own root, hence on L1's EPTP."""

    def guest_mode_is_in_the_role(self) -> bool:
        """No."""
        return False
