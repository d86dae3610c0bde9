"""f160c7b7bb32: access tracking where the EPT has no accessed bits."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f160c7b7bb32", order=20161261, first="v4.11", date="2016-12",
        subject="kvm: x86: mmu: Lockless access tracking for Intel CPUs without EPT A bits.",
        touches=("mmu.c: mark_spte_for_access_track()", "mmu.c: kvm_age_rmapp()"), read="memory")
class Without(Era):
    """Without A bits kvm_age_rmapp() was kvm_unmap_rmapp()."""

    def tracks_accesses_without_the_a_bit(self) -> bool:
        """No."""
        return False
