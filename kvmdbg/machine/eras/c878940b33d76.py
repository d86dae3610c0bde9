"""878940b33d76: a reload of the APIC-access page flushes nothing."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("878940b33d76", order=20230670, first="v6.5", date="2023-06",
        subject="KVM: VMX: Retry APIC-access page reload if invalidation is in-progress",
        touches=("vmx.c: vmx_set_apic_access_page_addr()",),
        read="memory")
class Without(Era):
    """Each reload flushed, though who unmapped the page had done so (I-21)."""

    def apic_page_reload_flushes(self) -> bool:
        """Yes."""
        return True
