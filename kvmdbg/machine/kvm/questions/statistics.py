"""What is counted, and under which name (kvm.md H)."""

from __future__ import annotations


class StatisticsQuestions:
    """Mainline's answers, v6.12."""

    def counts_remote_flush_requests(self) -> bool:
        """Is there a statistic remote_tlb_flush_requests?"""
        return True

    def shows_guest_mode(self) -> bool:
        """Is there a vCPU statistic guest_mode, 1 while L2 is the guest? (d5a0483f9f32)"""
        return True

    def counts_pf_taken(self) -> bool:
        """Is there a vCPU statistic pf_taken beside pf_fixed? (1075d41efd59)"""
        return True

    def counts_nested_run(self) -> bool:
        """Is there a vCPU statistic nested_run?"""
        return True

    def counts_flushes_when_served(self) -> bool:
        """Does tlb_flush count the requests that are served? Else those that kvm_mmu_flush_tlb() makes. (a70656b63120)"""
        return True
