"""Source and path: the line of the model that is about to run, and the calls that led to it."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.session.commands.list_ import here, marks
from kvmdbg.session.grid import BREAKPOINT, NEXT
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import SOURCE, pane


class SourceView(NamedTuple):
    """What the source pane shows."""

    file: str                           # path of the Python file; "" = none
    line: int                           # 1-based: the one to have in sight
    path: tuple[str, ...]               # functions, outermost first, down to the selected one
    marks: tuple[tuple[int, str], ...]  # line -> "=>", ">", "B", "B=>"
    note: str                           # what to say instead of source
    title: str = ""                     # file and line, in short


def nothing(note: str) -> SourceView:
    return SourceView("", 0, (), (), note)


def short(file: str) -> str:
    """A path as a reader of the model names it: `kvm/vmx.py`."""
    parts = PurePath(file).parts
    at = max((i for i, part in enumerate(parts) if part == "machine"), default=len(parts) - 2)
    return "/".join(parts[at + 1:])


@pane("source", title="Source", key="5", size="wide", kind=SOURCE)
def source(session: Session) -> SourceView:
    """`list` and `backtrace` in one: the selected frame's file with the path to it; at the end of the tape the action to come."""
    try:
        file, function, line = here(session)
    except UserError as wrong:
        return nothing(wrong.message)
    frames = session.tape.stack(session.tape.cursor)
    found = marks(session, file)
    stop = session.last_stop
    if stop is not None and stop.breakpoint is not None and stop.position == session.tape.cursor and found.get(line) == NEXT:
        found[line] = BREAKPOINT + NEXT
    if not frames:
        found[line] = NEXT
    path = tuple(frame.function for frame in reversed(frames[session.frame:])) or (function,)
    title = f"{short(file)}:{line}" if frames else f"next: {function}()"
    return SourceView(file, line, path, tuple(sorted(found.items())), "", title)
