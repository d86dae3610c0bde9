"""d91ffee9ecbf: enabling dirty logging flushes where an SPTE was writable."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d91ffee9ecbf", order=20150110, first="v4.0", date="2015-01",
        subject="KVM: MMU: Optimize TLB flush in kvm_mmu_slot_remove_write_access.",
        touches=("mmu.c: kvm_mmu_slot_remove_write_access()",), read="memory")
class Without(Era):
    """Every call flushed."""

    def dirty_logging_always_flushes(self) -> bool:
        """Yes."""
        return True
