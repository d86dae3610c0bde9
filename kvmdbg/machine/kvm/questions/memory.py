"""The host's memory manager and user space change what a guest sees (kvm_main.c, mmu.c, x86.c; kvm.md D)."""

from __future__ import annotations


class MemoryQuestions:
    """Mainline's answers, v6.12."""

    def uses_ept_accessed_bits(self) -> bool:
        """Does KVM let the processor set A and D in its own EPT where it can? (83c3a3311223)"""
        return True

    def tracks_accesses_without_the_a_bit(self) -> bool:
        """Does ageing a page without A bit hide the SPTE and keep its rights? Else it is unmapped. (f160c7b7bb32)"""
        return True

    def has_change_pte(self) -> bool:
        """Is there a notifier that puts another frame into an SPTE? (gone with f7842747d13d)"""
        return False

    def change_pte_follows_an_invalidation(self) -> bool:
        """Has the memory manager unmapped the page before it says that its PTE changed? (6bdb913f0a70)"""
        return True

    def has_tdp_mmu(self) -> bool:
        """Is KVM's own EPT built by the TDP MMU, which drops a root without a flush? (71ba3f3189c7: by default)"""
        return True

    def sregs_flush_the_guests_view(self) -> bool:
        """Does KVM_SET_SREGS that changes a control register ask for a guest flush as well? (4346db6e6e7a)"""
        return True

    def dirty_logging_always_flushes(self) -> bool:
        """Does enabling dirty logging flush every vCPU though no SPTE was writable? (b64d740ea7dd)"""
        return True
