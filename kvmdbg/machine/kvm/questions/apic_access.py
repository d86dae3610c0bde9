"""L1's APIC-access page: what its move and the APIC's mode cost (vmx.c, x86.c, mmu.c; kvm.md D, I-21)."""

from __future__ import annotations


class ApicAccessQuestions:
    """Mainline's answers, v6.12."""

    def pins_the_apic_access_page(self) -> bool:
        """Is the page behind gfn 0xfee00 pinned, so that it never moves? (38b9917350cb and its series)"""
        return False

    def notifier_reloads_the_apic_access_page(self) -> bool:
        """Does an invalidation of that page by the memory manager make KVM_REQ_APIC_PAGE_RELOAD? (b1394e745b94)"""
        return True

    def apic_page_reload_comes_before_the_flush(self) -> bool:
        """Is that request made while SPTEs are dropped, before the flush for them is asked for? (0a8a5f2c8c26)"""
        return True

    def apic_page_reload_flushes(self) -> bool:
        """Does vmx_set_apic_access_page_addr() flush after it has written the address? (I-21; 878940b33d76 ended it)"""
        return False

    def apic_access_flush_needs_ept(self) -> bool:
        """Are flushes for an APIC-access page left out without EPT: vmx_flush_tlb_ept_only()? (a468f2dbf921)"""
        return False

    def apic_page_reload_needs_the_control(self) -> bool:
        """Is the address left alone while "virtualize APIC accesses" is 0? (4de1f9d469e0)"""
        return True

    def apic_mode_switch_makes_requests(self) -> bool:
        """Does entering xAPIC mode ask for the reload and for a flush, instead of flushing on the spot? (4de1f9d469e0)"""
        return True

    def virtual_apic_has_three_modes(self) -> bool:
        """Does "virtualize APIC accesses" follow the APIC's mode without "virtualize x2APIC mode" as well? (8d860bbeedef)"""
        return True
