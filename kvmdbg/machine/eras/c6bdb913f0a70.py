"""6bdb913f0a70: a changed PTE is announced between the start and the end of an invalidation."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6bdb913f0a70", order=20121061, first="v3.7", date="2012-10",
        subject="mm: wrap calls to set_pte_at_notify with invalidate_range_start and invalidate_range_end",
        touches=("mm/memory.c: do_wp_page()", "mm/ksm.c: write_protect_page(), replace_page()"), read="memory")
class Without(Era):
    """kvm_mmu_notifier_change_pte() came alone: it put the new frame into each SPTE, without write access, and flushed."""

    def change_pte_follows_an_invalidation(self) -> bool:
        """No."""
        return False
