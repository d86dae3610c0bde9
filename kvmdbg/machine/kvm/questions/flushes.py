"""Flush hooks, root loads and control registers: what flushes, and how far (vmx.c, x86.c; kvm.md C, D)."""

from __future__ import annotations


class FlushQuestions:
    """Mainline's answers, v6.12."""

    def has_flush_hooks_by_scope(self) -> bool:
        """Are there separate hooks for all contexts, the current one, and the guest's view?"""
        return True

    def current_vpid_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Is vpid02 the VPID to flush for the context that runs? (vmx.c: vmx_get_current_vpid())"""
        return guest_mode and has_vpid12

    def vpid_needs_invvpid(self) -> bool:
        """Is enable_vpid=1 refused on a processor without INVVPID of a single or of all contexts? (hardware_setup(); I-3)"""
        return True

    def fallback_flushes_all_for_vpid0(self) -> bool:
        """Does vpid_sync_context(0) on a CPU without single-context INVVPID flush every VPID? (kvm.md C.1)"""
        return False

    def root_load_flushes_the_current_context(self) -> bool:
        """Does loading a root flush the context that it makes current? Else set_cr3 flushes VPID01 and the new EPTP."""
        return True

    def pge_is_a_role_bit(self) -> bool:
        """Does a changed CR4.PGE reset the MMU, instead of asking for a guest flush? (a91a7c709600)"""
        return False

    def wp_change_resets_the_mmu(self) -> bool:
        """With EPT, does a changed CR0.WP reset the MMU?"""
        return False

    def syncs_ask_for_a_local_flush(self) -> bool:
        """Does syncing a shadow page make this vCPU flush even when nothing was dropped? (kvm.md D, unsync paths)"""
        return False

    def syncs_before_linking(self) -> bool:
        """Is a shadow page synced with all below it before it is linked again? Else at the next entry. (65855ed8b034)"""
        return True
