"""Nested state that user space saves and restores, SMM, and pages that vmcs12 names (nested.c, smm.c; kvm.md E.7, D)."""

from __future__ import annotations


class NestedStateQuestions:
    """Mainline's answers, v6.12."""

    def has_nested_state_ioctls(self) -> bool:
        """Are there KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE? (8fcc4b5923af)"""
        return True

    def timer_goes_along_with_nested_state(self) -> bool:
        """Does what is left of vmcs12's preemption timer go along? Else it starts anew in the restored L2 (850448f35aaf)."""
        return True

    def defers_pages_of_vmcs12(self) -> bool:
        """After RSM or KVM_SET_NESTED_STATE, does a request map the pages that vmcs12 names, at the next entry? (7f7f1ba33cf2)"""
        return True

    def defers_pdptrs_of_l2(self) -> bool:
        """Are the PDPTEs of an L2 without EPT12 loaded by that request as well? (0f85722341b0)"""
        return True

    def nested_state_pages_request(self) -> str:
        """Name of that request (729c15c20f1a renamed it)."""
        return "GET_NESTED_STATE_PAGES"

    def unmappable_apic_page_is_an_error(self) -> bool:
        """Does an APIC-access address of vmcs12 without memory end KVM_RUN? Else L2 runs without the control (671ddc700fd0)."""
        return True

    def has_smm(self) -> bool:
        """Has the guest system-management mode? (64d6067057d9)"""
        return True

    def smi_leaves_guest_mode(self) -> bool:
        """Does an SMI make L2 exit first, RSM enter it again? (72e9cbdb4338)"""
        return True

    def checks_vmcs12_before_rsm(self) -> bool:
        """Does RSM into L2 check vmcs12, which user space may have changed? (5a30e8aea079)"""
        return True

    def rsm_sets_run_pending(self) -> bool:
        """Is the entry of L2 by RSM one that must complete before L2 may exit again? (759cbd59674a)"""
        return True

    def apic_access_flushes_at_transitions(self, nested_ept: bool, virtualizes: bool) -> bool:
        """Does a nested transition flush because vmcs12 has an APIC-access page of its own? (I-21; 0155b2b91b26 ended it)"""
        return False
