"""continue, reverse-continue, run."""

from __future__ import annotations

from session_support import session, stop_of


def test_continue_ends_where_the_guest_waits() -> None:
    s = session()
    stop = stop_of(s, "continue")
    assert stop.reason == "waiting" and "waits for an instruction" in stop.text and stop.position == s.tape.end


def test_a_count_goes_past_the_breakpoint_that_stopped() -> None:
    one, other = session("break req", "c", "c", "c", "c"), session("break req", "c", "c 3")
    assert one.tape.cursor == other.tape.cursor


def test_reverse_continue_without_breakpoints_goes_to_the_start() -> None:
    assert stop_of(session("c"), "rc").position == 0


def test_run_begins_again() -> None:
    s = session("break flush", "c", "c")
    first = session("break flush", "c").tape.cursor
    assert stop_of(s, "run").position == first
