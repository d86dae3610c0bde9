"""71f51d2c3253: pages are counted by their size."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("71f51d2c3253", order=20210812, first="v5.15", date="2021-08",
        subject="KVM: x86/mmu: Add detailed page size stats", touches=("mmu.c: rmap_add()", "tdp_mmu.c: __handle_changed_spte()"))
class Without(Era):
    """Only large pages were counted (lpages), of which the model has none."""

    def counts_pages_by_size(self) -> bool:
        """No."""
        return False
