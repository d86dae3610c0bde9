"""delete, clear, enable, disable, undisplay."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.breakpoints import DELETE, DISABLE
from session_support import say, session

THREE = ("break flush", "break vmentry", "break vmexit")


def test_by_number_range_or_all() -> None:
    s = session(*THREE, "delete 1 3")
    assert [one.number for one in s.breakpoints] == [2]
    say(s, "d")
    assert not len(s.breakpoints)


def test_an_unknown_number_deletes_nothing() -> None:
    s = session(*THREE)
    with pytest.raises(UserError, match="No breakpoint number 9."):
        s.execute("delete 1 9")
    assert len(s.breakpoints) == 3


def test_clear_by_place() -> None:
    s = session(*THREE)
    assert say(s, "clear vmentry") == "Deleted breakpoint 2"
    with pytest.raises(UserError, match="No breakpoint at vmentry."):
        s.execute("clear vmentry")


def test_disabled_ones_do_not_stop() -> None:
    s = session(*THREE, "disable 1 2", "continue")
    assert s.last_stop is not None and s.last_stop.reason == "waiting"
    say(s, "enable", "goto start", "c")
    assert s.last_stop.breakpoint == 1


def test_enable_once_delete_and_count() -> None:
    s = session(*THREE, "disable", "enable once 1", "enable delete 2", "enable count 2 3")
    assert (s.breakpoints[1].disposition, s.breakpoints[2].disposition, s.breakpoints[3].stop_after) == (DISABLE, DELETE, 2)


def test_displays_and_bookmarks() -> None:
    s = session("display 1", "display 2", "bookmark a", "undisplay 1", "delete bookmark a")
    assert list(s.displays) == [2] and not s.timeline.bookmarks
    say(s, "delete display")
    assert not s.displays
    for line in ("undisplay 7", "delete bookmark a"):
        with pytest.raises(UserError):
            s.execute(line)
