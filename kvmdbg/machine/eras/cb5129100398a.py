"""b5129100398a: a reused root is neither synced nor flushed by kvm_mmu_new_pgd()."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b5129100398a", order=20210613, first="v5.14", date="2021-06",
        subject="KVM: x86: Drop skip MMU sync and TLB flush params from \"new PGD\" helpers",
        touches=("mmu.c: __kvm_mmu_new_pgd()",),
        needs=("21823fbda552",))
class Without(Era):
    """It was both, unless the caller asked to skip one or the other."""

    def reused_root_asks(self, skip_tlb_flush: bool, skip_mmu_sync: bool) -> tuple[str, ...]:
        """What the caller does not skip."""
        return (() if skip_mmu_sync else ("MMU_SYNC",)) + (() if skip_tlb_flush else (self.local_flush_request(),))
