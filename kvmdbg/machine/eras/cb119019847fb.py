"""b119019847fb: INVEPT of L1 does nothing: each nested entry syncs and flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import SYNC_AND_FLUSH


@commit("b119019847fb", order=20190610, first="v5.3", date="2019-06",
        subject="kvm: nVMX: Remove unnecessary sync_roots from handle_invept",
        touches=("nested.c: handle_invept()",))
class Without(Era):
    """It synced L1's own root and asked for a full flush, neither of which could help L2."""

    def invept_effect(self, single_context: bool) -> str:
        """The current root, which is L1's."""
        return SYNC_AND_FLUSH
