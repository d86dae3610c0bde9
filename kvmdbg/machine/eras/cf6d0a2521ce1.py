"""f6d0a2521ce1: a changed CR4.PCIDE unloads the MMU at once."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import Aftermath


@commit("f6d0a2521ce1", order=20220210, first="v5.18", date="2022-02",
        subject="KVM: x86: Invoke kvm_mmu_unload() directly on CR4.PCIDE change",
        touches=("x86.c: kvm_post_set_cr4()",))
class Without(Era):
    """It made KVM_REQ_MMU_RELOAD."""

    def cr4_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """By request."""
        after = super().cr4_aftermath(old, new, tdp)
        return after._replace(unload=False, requests=(*after.requests, "MMU_RELOAD")) if after.unload else after
