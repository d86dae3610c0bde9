"""Timeline: where on the tape the flushes, nested entries and exits, breakpoint stops and bookmarks lie, in one row.

    [....B......F...F..|...m......F.......] 42/128

F flush, E nested entry, X nested exit, B a breakpoint stopped here, m bookmark, | the cursor.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import TIMELINE, pane

FLUSH: Final = "F"
ENTRY: Final = "E"
EXIT: Final = "X"
STOPPED: Final = "B"
BOOKMARK: Final = "m"
CURSOR: Final = "|"
RANKS: Final = ".FXEmB"            # of two marks in one column the later one is shown
LETTERS: Final = {Invalidated: FLUSH, NestedEntered: ENTRY, NestedExited: EXIT}
LEGEND: Final = "F flush  E/X nested entry/exit  B breakpoint  m bookmark"


class TimelineView(NamedTuple):
    """The tape in short."""

    cursor: int
    end: int
    marks: tuple[tuple[int, str], ...]    # (position, letter), ascending

    def next_mark(self, forward: bool) -> int:
        """The position of the nearest mark after or before the cursor; the end or 0 where there is none."""
        positions = [position for position, _ in self.marks]
        if forward:
            at = bisect_right(positions, self.cursor)
            return positions[at] if at < len(positions) else self.end
        at = bisect_left(positions, self.cursor)
        return positions[at - 1] if at else 0


def column_of(position: int, end: int, width: int) -> int:
    """The column (0 .. width-1) in which a position is drawn."""
    return min(width - 1, position * (width - 1) // end) if end > 0 and width > 0 else 0


def position_at(column: int, end: int, width: int) -> int:
    """The position that a click on a column means."""
    return max(0, min(end, (column * end + width - 2) // (width - 1))) if width > 1 else 0


def draw(view: TimelineView, width: int) -> str:
    """The marks and the cursor in `width` columns, without the brackets."""
    cells = ["."] * max(0, width)
    for position, letter in view.marks:
        column = column_of(position, view.end, width)
        if RANKS.index(letter) > RANKS.index(cells[column]):
            cells[column] = letter
    if cells:
        cells[column_of(view.cursor, view.end, width)] = CURSOR
    return "".join(cells)


def marks_of(session: Session, stops: Iterable[int] = ()) -> tuple[tuple[int, str], ...]:
    """(position, letter) of everything worth a mark.  stops: where breakpoints stopped."""
    events = session.timeline.events
    found = [(position, letter) for event, letter in LETTERS.items() for position in events.positions(event)]
    found += [(position, BOOKMARK) for position in session.timeline.bookmarks.values()]
    found += [(position, STOPPED) for position in stops]
    return tuple(sorted(found))


@pane("timeline", title="Timeline", size="wide", kind=TIMELINE)
def timeline(session: Session, stops: Iterable[int] = ()) -> TimelineView:
    """The whole tape, and the cursor on it."""
    return TimelineView(session.tape.cursor, session.tape.end, marks_of(session, stops))
