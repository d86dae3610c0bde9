"""MOV CR3, INVLPG and INVPCID as KVM emulates them: what they flush, and how far (x86.c, mmu.c; kvm.md D)."""

from __future__ import annotations

from typing import Final

NO_FLUSH_WITH_PCIDE: Final = "asks for no flush with CR4.PCIDE"      # bit 63 of MOV CR3's operand (see cr3_no_flush_bit())
NO_FLUSH_IGNORED: Final = "ignored"
NO_FLUSH_RESERVED: Final = "reserved"

UNLOAD_NOW: Final = "kvm_mmu_unload"                # what INVPCID of all contexts does (see invpcid_all())


class AddressSpaceQuestions:
    """Mainline's answers, v6.12."""

    def pcid_without_tdp(self) -> bool:
        """May a guest whose page tables are shadowed use PCIDs and INVPCID, and is its PCID the processor's? (c9470a2e28ed)"""
        return True

    def cr3_no_flush_bit(self) -> str:
        """What bit 63 of MOV CR3's operand means: NO_FLUSH_WITH_PCIDE, NO_FLUSH_IGNORED or NO_FLUSH_RESERVED."""
        return NO_FLUSH_WITH_PCIDE

    def cr3_must_name_memory(self) -> bool:
        """Is MOV CR3 with an address outside the VM's memory #GP?"""
        return False

    def cr3_flush_is_by_pcid(self) -> bool:
        """Does MOV CR3 invalidate the PCID, in all cached roots? Else an unchanged value flushes, a new one as its root does."""
        return True

    def pcid_flush_with_tdp_is_for_the_guest(self) -> bool:
        """With EPT, does invalidating a PCID flush the guest's view? (e45e9e3998f0, I-15)"""
        return True

    def pcid_sync_is_a_request(self) -> bool:
        """Is the current root of an invalidated PCID synced at the next entry? Else at once."""
        return True

    def every_root_has_pcid_0_without_pcide(self) -> bool:
        """With CR4.PCIDE = 0, do the cached roots count as those of PCID 0, and go with it?"""
        return False

    def invlpg_flushes_one_address(self) -> bool:
        """Does INVLPG flush one address, in every cached root? Else it changes the current root and asks for a full flush.

        A kernel that does passes over an address that is not canonical; one that does not never asks.
        """
        return True

    def counts_invlpg_of_no_address(self) -> bool:
        """Does the statistic invlpg count an INVLPG whose address is not canonical, and which does nothing? (5efac0741ce2)"""
        return True

    def invlpg_syncs_the_spte(self) -> bool:
        """Does INVLPG compare an unsync SPTE with the guest's entry? Else the SPTE goes, and every vCPU flushes. (J.2.1)"""
        return True

    def keeps_cr3_of_l1_in_vmcs01(self) -> bool:
        """Without EPT, does a nested entry put L1's CR3 into vmcs01 for the case that the entry fails? (f087a02941fe)"""
        return True

    def invpcid_calls_a_missing_hook(self) -> bool:
        """Does INVPCID of one address call mmu->invlpg() though an MMU without paging has none? (9f46c187e2e6, I-17)"""
        return False

    def invpcid_all(self) -> str:
        """What INVPCID of all contexts does: a request, or UNLOAD_NOW."""
        return "TLB_FLUSH_GUEST"
