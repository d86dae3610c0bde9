"""65855ed8b034: a shadow page is synced before it is linked."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("65855ed8b034", order=20210910, first="v5.15", date="2021-09",
        subject="KVM: X86: Synchronize the shadow pagetable before link it", touches=("paging_tmpl.h: FNAME(fetch)()",),
        read="memory")
class Without(Era):
    """kvm_mmu_get_page() asked for KVM_REQ_MMU_SYNC when the page it found had unsync children."""

    def syncs_before_linking(self) -> bool:
        """No."""
        return False
