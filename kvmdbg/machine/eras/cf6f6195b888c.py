"""f6f6195b888c: unsync children of a page that is found again are synced."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f6f6195b888c", order=20200910, first="v5.9", date="2020-09",
        subject="kvm x86/mmu: use KVM_REQ_MMU_SYNC to sync when needed",
        touches=("mmu.c: kvm_mmu_get_page()",))
class Without(Era):
    """8c8560b83390 had put a flush there by mistake: they stayed as they were."""

    def unsync_children_request(self) -> str:
        """A flush of the current context."""
        return self.current_flush_request()
