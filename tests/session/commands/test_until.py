"""until, advance, reverse-until, and the shorthands."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated, VmEntered, VmExited
from session_support import L2, session, stop_of


@pytest.mark.parametrize(("line", "event"), [
    ("until vmentry", VmEntered), ("adv flush:invvpid", Invalidated), ("nextentry", VmEntered), ("nextflush invvpid", Invalidated)])
def test_it_stops_before_the_event(line: str, event: type) -> None:
    s = session()
    assert isinstance(s.tape.event(stop_of(s, line).position), event)
    assert not len(s.breakpoints)


def test_again_goes_to_the_next_one_and_back_to_the_last() -> None:
    s = session(*L2, "goto start")
    first, second = stop_of(s, "nextexit").position, stop_of(s, "nextexit VMPTRLD").position
    assert second > first and isinstance(s.tape.event(second), VmExited)
    assert stop_of(s, "reverse-until vmexit").position < second
    s.execute("goto end")
    assert stop_of(s, "ru vmexit:VMPTRLD").position == second


def test_nothing_more_of_it_ends_where_the_guest_waits() -> None:
    assert stop_of(session(), "until vmexit").reason == "waiting"


def test_a_mistake_moves_nothing() -> None:
    s = session()
    with pytest.raises(UserError):
        s.execute("until flsh")
    assert s.tape.end == 0


def test_a_function_that_begins_an_action_is_found_whether_or_not_it_is_on_the_tape() -> None:
    s = session()
    at = stop_of(s, "until vcpu_enter_guest").position
    assert at == s.timeline.marks[1].start
    s.execute("goto start")
    assert stop_of(s, "until vcpu_enter_guest").position == at
