"""What the newest kernel answers about memory."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.memory import MemoryQuestions


def test_mainline() -> None:
    ask = MemoryQuestions()
    assert ask.uses_ept_accessed_bits() and ask.tracks_accesses_without_the_a_bit()
    assert not ask.has_change_pte() and ask.change_pte_follows_an_invalidation()
    assert ask.dirty_logging_always_flushes()
