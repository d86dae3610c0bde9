"""What the newest kernel answers about steal time."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.steal_time import StealTimeQuestions


def test_mainline() -> None:
    ask = StealTimeQuestions()
    assert ask.has_preempted_flag() and ask.has_pv_tlb_flush() and ask.preempted_at_instruction_boundaries_only()
    assert not ask.steal_time_page_must_exist()
