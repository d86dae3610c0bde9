"""712494de96f3: a new vpid12 is a flush for the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, Transition, TransitionFlush, flush_for_a_new_vpid12


@commit("712494de96f3", order=20211111, first="v5.16", date="2021-11",
        subject="KVM: nVMX: Emulate guest TLB flush on nested VM-Enter with new vpid12",
        touches=("nested.c: nested_vmx_transition_tlb_flush()",),
        needs=("07ffaf343e34",))
class Without(Era):
    """Only vpid02 was flushed, at once; shadow pages were not synced (I-1)."""

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """nested_vmx_transition_tlb_flush(), v5.14."""
        function = "nested_vmx_transition_tlb_flush"
        source = f"nested.c: {function}(), v5.14"
        if not t.has_vpid12:
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH_GUEST", "does L1 expect VPID 0 to be flushed?",
                                   "vmcs12 does not enable VPID", function, source)
        return flush_for_a_new_vpid12(t, self.has_l2_a_tlb_tag(t), self.current_flush_request(), function, source)
