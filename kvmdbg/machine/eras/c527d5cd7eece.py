"""527d5cd7eece: KVM_REQ_MMU_FREE_OBSOLETE_ROOTS."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("527d5cd7eece", order=20220212, first="v5.18", date="2022-02",
        subject="KVM: x86/mmu: Zap only obsolete roots if a root shadow page is zapped",
        touches=("kvm_host.h: KVM_REQ_MMU_FREE_OBSOLETE_ROOTS", "mmu.c: kvm_mmu_free_obsolete_roots()"))
class Without(Era):
    """A zapped root page cost every root: KVM_REQ_MMU_RELOAD."""

    def request_bits(self) -> dict[str, int]:
        """Without bit 39."""
        return {name: bit for name, bit in super().request_bits().items() if name != "MMU_FREE_OBSOLETE_ROOTS"}

    def zapped_roots_request(self) -> str:
        """All roots."""
        return "MMU_RELOAD"
