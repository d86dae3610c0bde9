"""ignore, condition, commands."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_hits_that_pass() -> None:
    s = session("break req raised")
    assert say(s, "ignore 1 2") == "Will ignore next 2 crossings of breakpoint 1."
    say(s, "c")
    other = session("break req raised", "c", "c", "c")
    assert s.tape.cursor == other.tape.cursor and s.breakpoints[1].hits == other.breakpoints[1].hits
    assert say(s, "ignore 1 0") == "Will stop next time breakpoint 1 is reached."


def test_a_condition_given_and_taken_away() -> None:
    s = session("break req", "condition 1 by == \"nobody\"", "c")
    assert s.last_stop is not None and s.last_stop.reason == "waiting"
    assert say(s, "condition 1") == "Breakpoint 1 now unconditional."
    assert s.breakpoints[1].condition == ""


def test_commands_for_the_last_or_for_some() -> None:
    s = session("break req", "break flush", "commands", "print 1", "end", "commands 1-2", "print 2", "end")
    assert [one.commands for one in s.breakpoints] == [("print 2",), ("print 2",)]


def test_mistakes() -> None:
    s = session("break req")
    for line in ("ignore 9 1", "condition 1 (", "condition 1 nonsense", "condition x 1", "commands x"):
        with pytest.raises(UserError):
            s.execute(line)
    s.drop_block()
    with pytest.raises(UserError, match="No breakpoints specified."):
        say(session(), "commands", "end")
