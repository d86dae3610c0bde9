"""Motions one after the other."""

from __future__ import annotations

from kvmdbg.session.journey import Journey
from kvmdbg.session.motion import Forward
from kvmdbg.session.moves import one_entry
from kvmdbg.session.results import Stop
from session_support import session


def test_count_motions_are_made_one_after_the_other() -> None:
    s = session()
    journey = Journey(lambda: Forward(s, one_entry), 3)
    stops = []
    while (stop := journey.pump(100)) is None:
        stops.append(s.tape.cursor)
    assert (stop.position, stops) == (3, [1, 2])


def test_another_stop_than_asked_for_ends_it() -> None:
    s = session("break flush")
    journey = Journey(lambda: Forward(s, one_entry), 1000)
    stop = None
    while stop is None:
        stop = journey.pump(1000)
    assert stop.reason == "breakpoint"


def test_one_that_is_over_before_it_begins() -> None:
    stop = Stop(0, "start", "no")
    assert Journey(lambda: stop).pump(1) is stop


def test_interrupting_before_it_has_begun() -> None:
    s = session()
    journey = Journey(lambda: Forward(s, None))
    assert journey.interrupt() is None
    journey.pump(2)
    stop = journey.interrupt()
    assert stop is not None and stop.reason == "interrupted"
