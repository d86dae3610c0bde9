"""b1394e745b94: an invalidated range reloads the APIC-access page."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b1394e745b94", order=20171110, first="v4.15", date="2017-11",
        subject="KVM: x86: fix APIC page invalidation",
        touches=("x86.c: kvm_arch_mmu_notifier_invalidate_range()", "kvm_main.c: kvm_mmu_notifier_invalidate_range_start()",),
        needs=("369ea8242c0f",), read="memory")
class Without(Era):
    """vmcs01 went on naming a frame that the page had lost."""

    def notifier_reloads_the_apic_access_page(self) -> bool:
        """No."""
        return False
