"""What is counted, and under which name (kvm.md H)."""

from __future__ import annotations


class StatisticsQuestions:
    """Mainline's answers, v6.12."""

    def counts_remote_flush_requests(self) -> bool:
        """Is there a statistic remote_tlb_flush_requests?"""
        return True

    def counts_nested_run(self) -> bool:
        """Is there a vCPU statistic nested_run?"""
        return True
