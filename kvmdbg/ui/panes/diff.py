"""Diff: what the last motion changed, from the stop before to the cursor."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from kvmdbg.session.commands.diff import differences
from kvmdbg.session.grid import Grid
from kvmdbg.session.session import Session
from kvmdbg.tape import Entry, Tape
from kvmdbg.ui.panes import pane

_latest: Final[WeakKeyDictionary[Tape, tuple[tuple[int, int, Entry | None], Grid]]] = WeakKeyDictionary()


@pane("diff", title="Diff", key="8", size="wide")
def diff(session: Session) -> Grid:
    """`diff`, from the last stop.  The last answer is kept: it may have taken a long way to find."""
    tape = session.tape
    start = min(session.stop_position_before, tape.end)
    high = max(start, tape.cursor)
    question = (start, tape.cursor, tape.entries[high - 1] if high else None)
    kept = _latest.get(tape)
    if kept is not None and kept[0][:2] == question[:2] and kept[0][2] is question[2]:
        return kept[1]
    found = differences(session, start, tape.cursor)
    made = Grid(f"Diff  {found.title}", found.columns, found.rows, found.note)
    _latest[tape] = (question, made)
    return made
