"""6bc6db000295: kvm->tlbs_dirty goes; a sync asks for the flushes that it owes."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6bc6db000295", order=20210911, first="v5.15", date="2021-09", subject="KVM: Remove tlbs_dirty",
        touches=("kvm_main.c: kvm_flush_remote_tlbs()", "paging_tmpl.h: FNAME(sync_page)()"))
class Without(Era):
    """A sync counted the SPTEs that it had dropped, and a later MMU notifier or remote flush told the other vCPUs."""

    def has_tlbs_dirty(self) -> bool:
        """Yes."""
        return True
