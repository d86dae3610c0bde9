"""INIT of a vCPU and its reset by user space: what is initialised, and what is flushed (x86.c; kvm.md D)."""

from __future__ import annotations


class ResetQuestions:
    """Mainline's answers, v6.12."""

    def init_acts_at_once(self) -> bool:
        """Is a vCPU reset by INIT, and the boot processor goes on at once? Else each waits for a SIPI. (66450a21f996)"""
        return True

    def init_waits_for_vmxoff(self) -> bool:
        """Is INIT blocked while L1 is in VMX operation, and a VM exit of L2? (4b9852f4f389)"""
        return True

    def offers_wait_for_sipi_to_l1(self) -> bool:
        """May an L2 be entered in the wait-for-SIPI state, and exit for a SIPI? (bf0cd88ce363)"""
        return True

    def init_clears_cr3(self) -> bool:
        """Is CR3 0 after INIT? (03a6e84069d1)"""
        return True

    def init_keeps_cd_and_nw(self) -> bool:
        """Do CR0.CD and CR0.NW keep their values through INIT? Else both are set. (4c72ab5aa6e0)"""
        return True

    def init_out_of_paging_resets_the_mmu(self, tdp: bool) -> bool:
        """Does INIT with CR0.PG set free the roots? (0aa1837533e5)"""
        return True

    def init_out_of_paging_flushes(self) -> bool:
        """Does INIT with CR0.PG set ask for a guest flush for that reason alone? (f4bc051fc91a)"""
        return True

    def init_always_flushes(self) -> bool:
        """Does every INIT ask for a guest flush? (df37ed38e6c2)"""
        return True

    def user_space_can_leave_vmx(self) -> bool:
        """Can user space take a vCPU out of VMX operation, by IA32_FEATURE_CONTROL = 0? (cae501397a25)"""
        return True
