"""What is counted, and under which name (kvm.md H)."""

from __future__ import annotations

from typing import Final

# The statistics that the model counts, under v6.12's names; the page statistics are gauges, as is guest_mode.
OF_A_VCPU: Final = ("pf_taken", "pf_fixed", "pf_emulate", "pf_guest", "tlb_flush", "invlpg", "exits", "irq_window_exits",
                    "nmi_window_exits", "halt_exits", "halt_wakeup", "hypercalls", "irq_exits", "io_exits", "insn_emulation",
                    "irq_injections", "nmi_injections", "req_event", "nested_run", "preemption_reported", "preemption_other",
                    "guest_mode")
OF_THE_VM: Final = ("mmu_shadow_zapped", "mmu_cache_miss", "mmu_unsync", "pages_4k", "remote_tlb_flush",
                    "remote_tlb_flush_requests")
OF_PAGE_FAULTS: Final = ("pf_taken", "pf_emulate")


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

    def counts_pages_by_size(self) -> bool:
        """Are there the VM's statistics pages_4k, pages_2m and pages_1g? (71f51d2c3253)"""
        return True

    def counts_preemptions(self) -> bool:
        """Are there the vCPU statistics preemption_reported and preemption_other? (6cd88243c7e0)"""
        return True

    def statistic_name(self, name: str) -> str:
        """What this kernel's debugfs calls a statistic, "" where it has none.  name: v6.12's."""
        there = {"remote_tlb_flush_requests": self.counts_remote_flush_requests(), "guest_mode": self.shows_guest_mode(),
                 "nested_run": self.counts_nested_run(), "pages_4k": self.counts_pages_by_size(),
                 **dict.fromkeys(OF_PAGE_FAULTS, self.counts_pf_taken()),
                 **dict.fromkeys(("preemption_reported", "preemption_other"), self.counts_preemptions())}
        return name if there.get(name, True) else ""

    def counts_flushes_when_served(self) -> bool:
        """Does tlb_flush count the requests that are served? Else those that kvm_mmu_flush_tlb() makes. (a70656b63120)"""
        return True
