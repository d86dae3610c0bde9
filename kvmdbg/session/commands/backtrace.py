"""backtrace, frame, up, down: the model's call stack, whose functions are named after the kernel's."""

from __future__ import annotations

import linecache

from kvmdbg.errors import UserError
from kvmdbg.session.functions import short
from kvmdbg.session.grid import CURRENT, Grid, Row, columns
from kvmdbg.session.operands import Count, Number
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.tape import Frame


def frames(s: Session) -> tuple[Frame, ...]:
    """The stack of the entry at the cursor.  raises: UserError where there is none."""
    found = s.tape.stack(s.tape.cursor)
    if not found:
        raise UserError("No stack.", "Between two actions nothing is called; `step` goes into the next one.")
    return found


@command("backtrace", group="data", aliases=("bt", "where"), examples=("backtrace", "bt 3"), recorded=False)
def backtrace(s: Session, count: Count = 1_000) -> Grid:
    """Show the functions of the model that lead to the entry at the cursor, innermost first."""
    found = frames(s)
    rows = tuple(Row((f"#{number}", f"{frame.function} ()", f"{short(frame.file)}:{frame.line}"),
                     CURRENT if number == s.frame else "", number) for number, frame in enumerate(found[:count]))
    note = "(More stack frames follow...)" if len(found) > count else ""
    return Grid("Backtrace", columns("#", "function", "at"), rows, note)


def select(s: Session, number: int) -> Text:
    found = frames(s)
    s.frame = number
    s.list_from = None
    frame = found[number]
    source = linecache.getline(frame.file, frame.line).rstrip()
    return Text(f"#{number}  {frame.function} () at {short(frame.file)}:{frame.line}\n{frame.line}\t{source}")


@command("frame", group="data", aliases=("f",), examples=("frame", "frame 2"))
def frame(s: Session, number: Number = -1) -> Text:
    """Select a frame by number (0 is the innermost one), or show the selected one."""
    number = s.frame if number == -1 else number
    if number >= len(frames(s)):
        raise UserError(f"No frame at level {number}.", f"The outermost one is {len(frames(s)) - 1}.")
    return select(s, number)


@command("up", group="data", examples=("up", "up 2"), repeatable=True)
def up(s: Session, count: Count = 1) -> Text:
    """Select the function that called this one."""
    if s.frame == len(frames(s)) - 1:
        raise UserError("Initial frame selected; you can't go up.")
    return select(s, min(s.frame + count, len(frames(s)) - 1))


@command("down", group="data", aliases=("dow",), examples=("down",), repeatable=True)
def down(s: Session, count: Count = 1) -> Text:
    """Select the function that this one called."""
    if not frames(s) or s.frame == 0:
        raise UserError("Bottom (innermost) frame selected; you can't go down.")
    return select(s, max(s.frame - count, 0))
