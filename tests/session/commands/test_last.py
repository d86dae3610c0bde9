"""last."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import L2, session, stop_of


def test_back_to_the_entry_that_changed_a_value() -> None:
    s = session(*L2)
    stop = stop_of(s, "last vcpu.last_vpid")
    assert s.tape.entries[stop.position][1] == "last_vpid" and "0 -> 1" in stop.text


def test_again_goes_to_the_change_before() -> None:
    s = session("c")
    first, second = stop_of(s, "last vcpu0.requests"), stop_of(s, "last vcpu0.requests")
    assert second.position < first.position and "-> STEAL_UPDATE" in second.text


def test_the_last_such_event() -> None:
    s = session(*L2)
    assert stop_of(s, "last nested-entry").position == s.timeline.events.positions(type(s.tape.event(s.tape.cursor)))[-1]


def test_a_value_that_never_changed_moves_nothing() -> None:
    s = session("c")
    at = s.tape.cursor
    stop = stop_of(s, "last vcpu.vpid")
    assert stop.position == at == s.tape.cursor and "has not changed" in stop.text


def test_at_the_start() -> None:
    with pytest.raises(UserError, match="No more reverse-execution history"):
        session().execute("last vcpu.vpid")
