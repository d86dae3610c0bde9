"""c3e5e415bc1e: syncing a shadow page flushes only what it dropped, on every vCPU."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c3e5e415bc1e", order=20210920, first="v5.16", date="2021-09",
        subject="KVM: X86: Change kvm_sync_page() to return true when remote flush is needed",
        touches=("mmu.c: kvm_sync_page()", "mmu.c: kvm_mmu_get_page()"))
class Without(Era):
    """This vCPU was flushed whether anything was dropped or not."""

    def syncs_ask_for_a_local_flush(self) -> bool:
        """Yes."""
        return True
