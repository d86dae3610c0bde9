"""Page-table roots and shadow pages: what is kept, what is synced (mmu.c; kvm.md G)."""

from __future__ import annotations

from typing import Final

FLUSH_AT_ONCE: Final = "flush_tlb_all"          # among reused_root_asks(): the hook, not a request


class RootQuestions:
    """Mainline's answers, v6.12."""

    def caches_roots(self) -> bool:
        """Do roots survive nested transitions: prev_roots, fast_pgd_switch()? (7c390d350f8b ff.)"""
        return True

    def looks_for_a_root_after_a_pae_one(self) -> bool:
        """Is a cached root looked for when the guest was outside 64-bit mode till now? (5499ea73e7db)"""
        return True

    def has_guest_mmu(self) -> bool:
        """Has the shadow of EPT12 an MMU of its own beside root_mmu? (14c07ad89f4d)"""
        return True

    def reused_root_asks(self, skip_tlb_flush: bool, skip_mmu_sync: bool) -> tuple[str, ...]:
        """What kvm_mmu_new_pgd() asks for, after LOAD_MMU_PGD, when a cached root serves: requests, or FLUSH_AT_ONCE.

        Where the answer depends on the caller, skip_tlb_flush and skip_mmu_sync are what it passes (b5129100398a).
        """
        return ()

    def zapped_roots_request(self) -> str:
        """What every vCPU is asked for when root pages become obsolete (527d5cd7eece)."""
        return "MMU_FREE_OBSOLETE_ROOTS"

    def nested_switch_skips(self, enable_ept: bool, has_vpid12: bool) -> tuple[bool, bool]:
        """(skip_tlb_flush, skip_mmu_sync) of the CR3 load at a nested transition (nested_vmx_load_cr3())."""
        return True, True

    def nested_ept_switch_skips(self) -> tuple[bool, bool]:
        """The same of kvm_init_shadow_ept_mmu()."""
        return True, True

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
