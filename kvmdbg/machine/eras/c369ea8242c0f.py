"""369ea8242c0f: the memory manager invalidates ranges only."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("369ea8242c0f", order=20170860, first="v4.14", date="2017-08",
        subject="mm/rmap: update to new mmu_notifier semantic v2",
        touches=("rmap.c: try_to_unmap_one()", "kvm_main.c: kvm_mmu_notifier_invalidate_page()",),
        read="memory")
class Without(Era):
    """The notifier for one page was called, and that one looked at the APIC-access page."""

    def notifier_reloads_the_apic_access_page(self) -> bool:
        """Yes, by kvm_arch_mmu_notifier_invalidate_page()."""
        return True
