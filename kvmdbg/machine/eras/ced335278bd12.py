"""ed335278bd12: INVLPG syncs the SPTE of its address."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ed335278bd12", order=20230360, first="v6.4", date="2023-03",
        subject="KVM: x86/mmu: Remove FNAME(invlpg) and use FNAME(sync_spte) to update vTLB instead.",
        touches=("paging_tmpl.h: FNAME(invlpg)()", "mmu.c: __kvm_mmu_invalidate_addr()"), read="memory")
class Without(Era):
    """FNAME(invlpg)() dropped a present SPTE of an unsync page and flushed every vCPU."""

    def invlpg_syncs_the_spte(self) -> bool:
        """No."""
        return False
