"""Flush hooks and root loads: what flushes, and how far (vmx.c, x86.c, mmu.c; kvm.md C, D)."""

from __future__ import annotations

from typing import Final

EVERY_CONTEXT: Final = "every context"          # what serving KVM_REQ_TLB_FLUSH reaches (see flush_all_reach)
ONE_TAG: Final = "one tag"                      # the current root's EPTP, without EPT VPID01
BOTH_TAGS: Final = "both tags"                  # VPID01, and the current root's EPTP

LOAD_FLUSHES_CURRENT: Final = "flush_tlb_current"       # what loading a root flushes (see root_load_flush)
LOAD_FLUSHES_ALL: Final = "flush_tlb_all"
LOAD_FLUSHES_IN_SET_CR3: Final = "vmx_set_cr3"

SYNC_ROOTS: Final = "sync"                      # what a guest flush does to shadow pages without TDP
UNLOAD_MMU: Final = "unload"
LEAVE_ROOTS: Final = "nothing"


class FlushQuestions:
    """Mainline's answers, v6.12."""

    def flush_all_reach(self) -> str:
        """What KVM_REQ_TLB_FLUSH flushes: EVERY_CONTEXT, ONE_TAG or BOTH_TAGS (kvm.md C.2)."""
        return EVERY_CONTEXT

    def flush_takes_one_tag(self) -> bool:
        """Does __vmx_flush_tlb() flush the EPTP or a VPID, one of them, instead of both? (kvm.md C.2, E17)"""
        return True

    def current_context_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Without EPT: is vpid02 the VPID that vmx_flush_tlb_current() flushes? (vmx.c: vmx_get_current_vpid())"""
        return guest_mode and has_vpid12

    def vpid_needs_invvpid(self) -> bool:
        """Is enable_vpid=1 refused on a processor without INVVPID of a single or of all contexts? (hardware_setup(); I-3)"""
        return True

    def ept_needs_invept_global(self) -> bool:
        """Is enable_ept=1 refused on a processor without all-context INVEPT? (hardware_setup(); 42aa53b4e1bd)"""
        return True

    def guest_flush_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Is vpid02 the VPID that vmx_flush_tlb_guest() and vmx_flush_tlb_gva() flush? (vmx.c: vmx_get_current_vpid())"""
        return guest_mode and has_vpid12

    def guest_flush_never_uses_invept(self) -> bool:
        """Is a flush for the guest INVVPID or nothing, also where VPIDs are off? (e64419d991ea)"""
        return True

    def guest_flush_without_tdp(self) -> str:
        """What a flush for the guest does to shadow pages: SYNC_ROOTS, UNLOAD_MMU or LEAVE_ROOTS (kvm.md B.4b, B.5)."""
        return SYNC_ROOTS

    def fallback_flushes_all_for_vpid0(self) -> bool:
        """Does vpid_sync_context(0) on a CPU without single-context INVVPID flush every VPID? (kvm.md C.1)"""
        return False

    def root_load_flush(self) -> str:
        """What kvm_mmu_load() ends in: LOAD_FLUSHES_CURRENT, LOAD_FLUSHES_ALL or LOAD_FLUSHES_IN_SET_CR3 (kvm.md B.4c)."""
        return LOAD_FLUSHES_CURRENT

    def current_flush_request(self) -> str:
        """The request that flushes what the current context could have cached."""
        return "TLB_FLUSH_CURRENT"

    def local_flush_request(self) -> str:
        """The request that the MMU makes when it has changed what only this vCPU uses (kvm.md D, unsync paths)."""
        return self.current_flush_request()

    def unsync_children_request(self) -> str:
        """What kvm_mmu_get_page() asks for where it does not sync what lies below the page that it found."""
        return "MMU_SYNC"

    def syncs_ask_for_a_local_flush(self) -> bool:
        """Does syncing a shadow page make this vCPU flush even when nothing was dropped? (kvm.md D, unsync paths)"""
        return False

    def syncs_before_linking(self) -> bool:
        """Is a shadow page synced with all below it before it is linked again? Else at the next entry. (65855ed8b034)"""
        return True
