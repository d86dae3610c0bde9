"""eeeb4f67a6cd: flush requests by scope. The commit of seed 000; stands for the TLB-flush series of spring 2020."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("eeeb4f67a6cd", order=600, first="v5.8", date="2020-04",
        subject="KVM: x86: Introduce KVM_REQ_TLB_FLUSH_CURRENT to flush current ASID",
        touches=("vmx.c: vmx_flush_tlb()", "nested.c: nested_vmx_transition_tlb_flush()", "x86.c: kvm_set_cr3()"),
        series="with e64419d991ea (flush the guest's view), 8c8560b83390 (flush the current context at a root load), "
               "f8aa7e3958bc and the patch after it (INVEPT frees roots) and \"Skip global INVVPID fallback if vpid==0\"")
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
