"""327c072187f7: a flush of vpid02 is INVVPID, with EPT as well."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID02, SYNC_VPID02, Transition, TransitionFlush


@commit("327c072187f7", order=20181012, first="v4.20", date="2018-10",
        subject="KVM: nVMX: Flush linear and combined mappings on VPID02 related flushes",
        touches=("vmx.c: prepare_vmcs02()", "vmx.c: handle_invvpid()"))
class Without(Era):
    """With EPT it was INVEPT of the current root instead (I-6)."""

    def invvpid_flushes_only_vpid(self) -> bool:
        """No."""
        return False

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """__vmx_flush_tlb(vpid02), whatever it flushes."""
        flush = super().transition_flush(t)
        return flush._replace(act=HOOK_VPID02) if flush.act == SYNC_VPID02 else flush
