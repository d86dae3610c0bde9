"""What the newest kernel answers about events."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.injection import SET_FLAG, InjectionQuestions


def test_mainline() -> None:
    ask = InjectionQuestions()
    assert ask.interrupt_behind_a_pending_run() == SET_FLAG
    assert ask.checks_nested_events() and ask.second_event_is_urgent() and ask.remakes_event_when_cancelled()
    assert not ask.reinjection_ends_the_round() and not ask.running_checks_nested_events()
    assert [ask.immediate_exit_by_timer(timer) for timer in (True, False)] == [True, False]
