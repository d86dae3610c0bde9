"""8c8560b83390: the MMU's own flushes and root loads flush the current context."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_ALL


@commit("8c8560b83390", order=20200425, first="v5.8", date="2020-04",
        subject="KVM: x86/mmu: Use KVM_REQ_TLB_FLUSH_CURRENT for MMU specific flushes",
        touches=("mmu.c: kvm_mmu_load()", "mmu.c: kvm_mmu_flush_or_zap()", "mmu.c: kvm_mmu_get_page()"))
class Without(Era):
    """They flushed every context."""

    def local_flush_request(self) -> str:
        """All."""
        return "TLB_FLUSH"

    def root_load_flush(self) -> str:
        """All."""
        return LOAD_FLUSHES_ALL

    def unsync_children_request(self) -> str:
        """A sync: the commit turned it into a flush by mistake (f6f6195b888c)."""
        return "MMU_SYNC"
