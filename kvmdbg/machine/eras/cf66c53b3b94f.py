"""f66c53b3b94f: INVPCID of all contexts unloads the roots at the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.address_spaces import UNLOAD_NOW


@commit("f66c53b3b94f", order=20210360, first="v5.13", date="2021-03",
        subject="KVM: x86: Defer the MMU unload to the normal path on an global INVPCID",
        touches=("x86.c: kvm_handle_invpcid()",))
class Without(Era):
    """It unloaded them at once."""

    def invpcid_all(self) -> str:
        """At once."""
        return UNLOAD_NOW
