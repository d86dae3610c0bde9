"""c51e1ffee562: an L2 that shares L1's tag owes a flush of the current context only."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import Transition, TransitionFlush


@commit("c51e1ffee562", order=20200426, first="v5.8", date="2020-04",
        subject="KVM: nVMX: Selectively use TLB_FLUSH_CURRENT for nested VM-Enter/VM-Exit",
        touches=("nested.c: nested_vmx_transition_tlb_flush()",),
        read="memory")
class Without(Era):
    """It owed a flush of everything."""

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """All, in the place of the current context."""
        flush = super().transition_flush(t)
        return flush._replace(request="TLB_FLUSH") if flush.request == self.current_flush_request() else flush
