"""e62f1aa8b930: the current root of an invalidated PCID is synced at the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e62f1aa8b930", order=20210665, first="v5.14", date="2021-06",
        subject="KVM: x86: Defer MMU sync on PCID invalidation",
        touches=("x86.c: kvm_invalidate_pcid()",))
class Without(Era):
    """It was synced at once."""

    def pcid_sync_is_a_request(self) -> bool:
        """No."""
        return False
