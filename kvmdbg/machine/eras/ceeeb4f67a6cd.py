"""eeeb4f67a6cd: flush requests by scope. The commit of seed 000; stands for the TLB-flush series of spring 2020."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID02, MAKE_REQUEST, NO_FLUSH, Transition, TransitionFlush


@commit("eeeb4f67a6cd", order=20200410, first="v5.8", date="2020-04",
        subject="KVM: x86: Introduce KVM_REQ_TLB_FLUSH_CURRENT to flush current ASID",
        touches=("vmx.c: vmx_flush_tlb()", "nested.c: nested_vmx_transition_tlb_flush()", "x86.c: kvm_set_cr3()"),
        series="with e64419d991ea (flush the guest's view), 8c8560b83390 (flush the current context at a root load), "
               "f8aa7e3958bc and the patch after it (INVEPT frees roots) and \"Skip global INVVPID fallback if vpid==0\"",
        needs=("2387149eade2",))
class Without(Era):
    """One hook, vmx_flush_tlb(): VPID01 and the EPTP of the current root, whoever asked (kvm.md C.2, E11 to E15)."""

    def has_flush_hooks_by_scope(self) -> bool:
        """No."""
        return False

    def root_load_flushes_the_current_context(self) -> bool:
        """vmx_set_cr3() flushed VPID01 and the new EPTP."""
        return False

    def fallback_flushes_all_for_vpid0(self) -> bool:
        """Yes (I-30)."""
        return True

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Nothing was served before the switch."""
        return ()

    def invept_frees_matching_roots(self) -> bool:
        """It synced the current root and asked for a flush (kvm.md E.5)."""
        return False

    def syncs_ask_for_a_local_flush(self) -> bool:
        """__kvm_sync_page() ended in kvm_make_request(KVM_REQ_TLB_FLUSH)."""
        return True

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """v4.20 to v5.7 (kvm.md E.2): with a tag of its own L2 owes a flush for a new vpid12 only; else everything, later."""
        function = "prepare_vmcs02" if t.entry else "load_vmcs12_host_state"
        source = f"nested.c: {function}(), v5.7"
        question = "flush at the nested transition?"
        if not t.enable_vpid:
            return TransitionFlush(NO_FLUSH, "", question, "enable_vpid=0: VM entry flushes VPID 0", function, source)
        if not (t.has_vpid12 and (t.enable_ept or t.vpid02)):
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH", question, f"vmcs12 VPID {'on' if t.has_vpid12 else 'off'}", function,
                                   source)
        if t.entry and t.vpid12 != t.last_vpid:
            return TransitionFlush(HOOK_VPID02, "", question, f"vpid12 {t.vpid12} != last_vpid {t.last_vpid}", function, source,
                                   remember_vpid12=True)
        values = f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}" if t.entry else "vmcs12 enables VPID"
        return TransitionFlush(NO_FLUSH, "", question, values, function, source)
