"""5efac0741ce2: an MMU without paging has no invlpg() hook any more; every INVLPG is counted."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("5efac0741ce2", order=20200328, first="v5.8", date="2020-03",
        subject="KVM: x86: introduce kvm_mmu_invalidate_gva",
        touches=("mmu.c: nonpaging_init_context()", "mmu.c: kvm_mmu_invalidate_gva()", "mmu.c: kvm_mmu_invlpg()"))
class Without(Era):
    """It had one that did nothing, so that INVPCID could call it (I-17).

    kvm_mmu_invlpg() returned early for an address that is not canonical, before it counted.
    """

    def invpcid_calls_a_missing_hook(self) -> bool:
        """No."""
        return False

    def counts_invlpg_of_no_address(self) -> bool:
        """No."""
        return False
