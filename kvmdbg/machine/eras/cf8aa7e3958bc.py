"""f8aa7e3958bc: INVEPT of L1 frees all roots of EPT12; without EPT its INVVPID frees all roots."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import NO_EFFECT


@commit("f8aa7e3958bc", order=20200403, first="v5.8", date="2020-04",
        subject="KVM: nVMX: Invalidate all EPTP contexts when emulating INVEPT for L1",
        touches=("nested.c: handle_invept()", "nested.c: handle_invvpid()"),
        series="with the patch after it, \"KVM: nVMX: Invalidate all roots when emulating INVVPID without EPT\"")
class Without(Era):
    """Neither touched a root: the next nested entry was trusted to sync and flush (I-9, I-11)."""

    def invept_effect(self, single_context: bool) -> str:
        """Nothing."""
        return NO_EFFECT

    def invvpid_frees_roots(self) -> str:
        """Nothing."""
        return NO_EFFECT
