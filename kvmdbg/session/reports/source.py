"""Which rule the model follows at the cursor: its own words, and the source that they cite."""

from __future__ import annotations

import inspect
from pathlib import PurePath
from types import CodeType

from kvmdbg.errors import UserError
from kvmdbg.session.grid import CURRENT, Grid, Row, columns
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report
from kvmdbg.session.results import Text
from kvmdbg.tape import Frame

ROOT = "kvmdbg"


def frames_at(s: View) -> tuple[Frame, ...]:
    """The model's call stack at the cursor, innermost first; at the end of the tape that of the last entry.

    raises: UserError when nothing has run, or nobody listened.
    """
    if not s.tape.end:
        raise UserError("Nothing has run yet.", "Try \"step\" or \"inject\".")
    frames = s.tape.stack(min(s.tape.cursor, s.tape.end - 1))
    if not frames:
        raise UserError(f"No call stack was kept at #{s.tape.cursor}.", "A word of the debugger wrote here, or nobody listens.")
    return frames


def path_in_project(file: str) -> str:
    """A path as the project names it: kvmdbg/machine/kvm/mmu.py."""
    parts = PurePath(file).parts
    at = max((i for i, part in enumerate(parts) if part == ROOT), default=0)
    return "/".join(parts[at:])


def words_of(code: CodeType) -> str:
    """The docstring of the function that `code` belongs to; "" where it has none."""
    first = code.co_consts[0] if code.co_consts else None
    return inspect.cleandoc(first) if isinstance(first, str) and code.co_name[0] != "<" else ""


@report("source", title="Source")
def source(s: View) -> Grid:
    """The functions of the model on the path to the cursor, with what each says that it does and which source it follows."""
    frames = frames_at(s)
    rows = tuple(Row(cells(frame), CURRENT if at == 0 else "", at) for at, frame in enumerate(frames))
    return Grid(f"Source at #{s.tape.cursor}", columns("function", "file", "says"), rows, words_of(frames[0].code))


def cells(frame: Frame) -> tuple[str, str, str]:
    """Function, file:line, first line of its docstring."""
    return f"{frame.function}()", f"{path_in_project(frame.file)}:{frame.line}", words_of(frame.code).partition("\n")[0]


@report("line", title="Line")
def line(s: View) -> Text:
    """The line of the model that made the entry at the cursor."""
    frame = frames_at(s)[0]
    return Text(f"#{s.tape.cursor}: line {frame.line} of \"{path_in_project(frame.file)}\", in {frame.function}().")
