"""Page-table roots and shadow pages: what is kept, what is synced (mmu.c; kvm.md G)."""

from __future__ import annotations


class RootQuestions:
    """Mainline's answers, v6.12."""

    def caches_roots(self) -> bool:
        """Do roots survive nested transitions: guest_mmu beside root_mmu, prev_roots, fast_pgd_switch()?"""
        return True

    def unchanged_cr3_is_a_flush_at_transitions(self) -> bool:
        """Does a nested transition load CR3 as MOV CR3 does, where an unchanged value asks for a flush? (kvm.md D)"""
        return False

    def guest_mode_is_in_the_role(self) -> bool:
        """Are L2's direct roots kept apart from L1's? (1313cc2bd8f6)"""
        return True

    def nested_ept_ad(self) -> bool:
        """May L1 enable A/D bits in EPT12? (IA32_VMX_EPT_VPID_CAP bit 21 as L1 reads it)"""
        return True

    def syncs_the_faulting_address(self) -> bool:
        """Is EPT02 synced for the address of a violation that L1 gets, though L1's tables map it? (ee1fa209f5e5)"""
        return True

    def syncs_roots_of_the_same_ep4ta(self) -> bool:
        """Are other cached roots of the same EP4TA synced for that address as well? (85aa8889b82e)"""
        return True
