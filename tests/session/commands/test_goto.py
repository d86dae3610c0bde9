"""goto."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import session, stop_of


def test_places_of_every_kind() -> None:
    s = session("stepi 6", "bookmark six")
    assert [stop_of(s, f"goto {place}").position for place in ("#2", "+1", "-2", "end", "start", "six")] == [2, 3, 1, s.tape.end,
                                                                                                             0, 6]


def test_no_breakpoint_stops_on_the_way_but_the_one_there_is_passed() -> None:
    s = session("break req", "c")
    at = s.tape.cursor
    s.execute("goto start")
    assert stop_of(s, "goto end").reason == "goto"
    s.execute(f"goto {at}")
    assert stop_of(s, "c").position > at


def test_a_place_off_the_tape() -> None:
    with pytest.raises(UserError, match="#7 is not on the tape  It reaches from #0 to #0."):
        session().execute("goto 7")
