"""The diff pane: what the last motion changed."""

from __future__ import annotations

from kvmdbg.ui.panes.diff import diff
from session_support import say, session


def test_what_the_last_motion_changed() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    found = diff(s)
    assert found.title == f"Diff  #{s.stop_position_before} -> #{s.tape.cursor}"
    assert any(row.mark == "+" and "0x400000" in row.cells[0] for row in found.rows)


def test_the_answer_is_kept_until_something_moves() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    first = diff(s)
    assert diff(s) is first
    say(s, "reverse-stepi")
    assert diff(s) is not first


def test_a_fresh_session_differs_in_nothing() -> None:
    assert diff(session()).note == "Nothing differs."
