"""07ffaf343e34: a transition of an L2 without VPID is a flush for the guest, which gets KVM_REQ_TLB_FLUSH_GUEST for a name."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, Transition, TransitionFlush, flush_for_a_new_vpid12


@commit("07ffaf343e34", order=20210607, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Sync all PGDs on nested transition with shadow paging",
        touches=("nested.c: nested_vmx_transition_tlb_flush()", "kvm_host.h: KVM_REQ_TLB_FLUSH_GUEST"),
        needs=("0baedd792713",))
class Without(Era):
    """It was a flush of all contexts, and none without VPIDs; the request was Hyper-V's alone."""

    def request_bits(self) -> dict[str, int]:
        """The first name."""
        return {"HV_TLB_FLUSH" if name == "TLB_FLUSH_GUEST" else name: bit for name, bit in super().request_bits().items()}

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """The first name."""
        return {"HV_TLB_FLUSH" if name == "TLB_FLUSH_GUEST" else name: flags for name, flags in super().request_flags().items()}

    def service_order(self) -> tuple[str, ...]:
        """The first name, and Hyper-V's of v6.2 not yet."""
        order = tuple(name for name in super().service_order() if name != "HV_TLB_FLUSH")
        return tuple("HV_TLB_FLUSH" if name == "TLB_FLUSH_GUEST" else name for name in order)

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Not this one."""
        return tuple(name for name in super().flushes_served_at_transitions() if name != "TLB_FLUSH_GUEST")

    def nested_switch_skips(self, enable_ept: bool, has_vpid12: bool) -> tuple[bool, bool]:
        """The reused root alone was synced where L1 relies on a flush (41fab65e7c44)."""
        return True, enable_ept or has_vpid12

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """nested_vmx_transition_tlb_flush(), v5.8 to v5.13."""
        function = "nested_vmx_transition_tlb_flush"
        source = f"nested.c: {function}(), v5.10; prepare_vmcs02(), load_vmcs12_host_state() before v5.8"
        question = "flush at the nested transition?"
        if not t.enable_vpid:
            return TransitionFlush(NO_FLUSH, "", question, "enable_vpid=0: VM entry flushes VPID 0", function, source)
        if not t.has_vpid12:
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH", question, "vmcs12 VPID off", function, source)
        return flush_for_a_new_vpid12(t, self.has_l2_a_tlb_tag(t), self.current_flush_request(), function, source)
