"""The timeline: marks, columns, positions."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.ui.panes.timeline import TimelineView, column_of, draw, marks_of, position_at, timeline
from session_support import L2, say, session


def test_flushes_nested_entries_bookmarks_and_stops_are_marked() -> None:
    s = session(*L2)
    say(s, "goto #7", "bookmark here")
    view = timeline(s, stops=[9])
    letters = dict(view.marks)
    assert letters[7] == "m" and letters[9] == "B" and (view.cursor, view.end) == (7, s.tape.end)
    flushes = [position for position, event in s.tape.events(0, s.tape.end) if isinstance(event, Invalidated)]
    assert [position for position, letter in view.marks if letter == "F"] == flushes
    assert [letter for _, letter in view.marks if letter in "EX"][0] == "E"


def test_marks_follow_a_cut() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    assert marks_of(s)
    say(s, "goto start", "map L1 0x500000 0x500000")
    assert marks_of(s) == ()


def test_drawing() -> None:
    assert draw(TimelineView(4, 8, ((0, "F"), (8, "m"))), 9) == "F...|...m"
    assert draw(TimelineView(0, 0, ()), 5) == "|...."
    assert draw(TimelineView(0, 8, ()), 0) == ""


def test_of_two_marks_in_one_column_the_rarer_is_shown() -> None:
    assert draw(TimelineView(0, 100, ((50, "F"), (51, "B"))), 3)[1] == "B"
    assert draw(TimelineView(0, 100, ((50, "B"), (51, "F"))), 3)[1] == "B"


@pytest.mark.parametrize(("end", "width"), [(1, 80), (50, 80), (128, 70), (100_000, 70), (7, 2)])
def test_a_column_means_a_position_that_is_drawn_there(end: int, width: int) -> None:
    for column in range(width):
        if end >= width:
            assert column_of(position_at(column, end, width), end, width) == column
    assert position_at(0, end, width) == 0 and position_at(width - 1, end, width) == end
    assert column_of(0, end, width) == 0 and column_of(end, end, width) == width - 1


def test_the_next_mark_and_the_one_before() -> None:
    view = TimelineView(5, 20, ((3, "F"), (5, "E"), (9, "X")))
    assert (view.next_mark(True), view.next_mark(False)) == (9, 3)
    assert TimelineView(9, 20, view.marks).next_mark(True) == 20
    assert TimelineView(1, 20, view.marks).next_mark(False) == 0
