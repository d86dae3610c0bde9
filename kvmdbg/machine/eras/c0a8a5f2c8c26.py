"""0a8a5f2c8c26: the reload is asked for while SPTEs are dropped."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0a8a5f2c8c26", order=20230671, first="v6.5", date="2023-06",
        subject="KVM: x86: Use standard mmu_notifier invalidate hooks for APIC access page",
        touches=("mmu.c: kvm_unmap_gfn_range()", "x86.c: kvm_arch_mmu_notifier_invalidate_range()",),
        read="memory")
class Without(Era):
    """A hook of its own came after the flush."""

    def apic_page_reload_comes_before_the_flush(self) -> bool:
        """No."""
        return False
