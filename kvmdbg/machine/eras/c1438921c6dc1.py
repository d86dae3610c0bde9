"""1438921c6dc1: the flush at a transition is a request, served once the new root is loaded."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, MAKE_REQUEST, Transition, TransitionFlush


@commit("1438921c6dc1", order=20181013, first="v4.20", date="2018-10",
        subject="KVM: nVMX: Flush TLB entries tagged by dest EPTP on L1<->L2 transitions",
        touches=("vmx.c: prepare_vmcs02()", "vmx.c: load_vmcs12_host_state()"))
class Without(Era):
    """The hook was called at once, while the root of the old level was current (I-7)."""

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """At once."""
        flush = super().transition_flush(t)
        return flush._replace(act=HOOK_VPID01, request="") if flush.act == MAKE_REQUEST else flush
