"""f0b98c02c18c: with EPT a flush is INVEPT alone."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import BOTH_TAGS


@commit("f0b98c02c18c", order=20170320, first="v4.12", date="2017-03",
        subject="KVM: VMX: Don't use INVVPID when EPT is enabled",
        touches=("vmx.c: __vmx_flush_tlb()",),
        read="memory")
class Without(Era):
    """Both were flushed, INVVPID first."""

    def flush_takes_one_tag(self) -> bool:
        """Both."""
        return False

    def flush_all_reach(self) -> str:
        """VPID01 and the current root's EPTP."""
        return BOTH_TAGS
