"""Results as text with aligned columns, and as JSON lines: what `run`, `repl` and pipes print.

JSON: one object a line, each with "schema": "kvmdbg/1" first and "kind" ("grid", "text", "value", "source", "stop", "quit", ...)
second; the other keys are those of the result (session/results.py) and what the caller adds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from kvmdbg.session.grid import Column, Grid, Row
from kvmdbg.session.results import Listing, Quit, Result, Stop, Text, Value, parts

SCHEMA: Final = "kvmdbg/1"
GAP: Final = "  "
MARK_WIDTH: Final = 2          # the widest mark is "=>"


def text_of(result: Result, width: int = 0) -> str:
    """The lines of a result, without a newline at the end; "" for a command that says nothing.

    width: columns of the screen; a grid drops its least important columns to fit. 0: unlimited.
    """
    return "\n".join(one(part, width) for part in parts(result) if not isinstance(part, Quit))


def one(result: Result, width: int) -> str:
    match result:
        case Grid():
            return "\n".join(grid_lines(result, width))
        case Text(text=text):
            return text
        case Value(text=text):
            return text
        case Stop():
            return "\n".join(stop_lines(result))
        case Listing():
            return "\n".join(listing_lines(result))
        case _:
            return ""


def stop_lines(stop: Stop) -> list[str]:
    """The line that says why, the place where that line does not name it, then the displays."""
    lines = [stop.text] if stop.text else []
    if stop.where and stop.where not in stop.text:
        lines.append(stop.where)
    return lines + [display.text for display in stop.displays]


def listing_lines(listing: Listing) -> list[str]:
    """Source lines with their numbers, and `=>` before the one that is about to run; what is said of a line stands below it."""
    digits = max((len(str(line.number)) for line in listing.lines), default=1)
    found = []
    for line in listing.lines:
        found.append(f"{line.mark:{MARK_WIDTH}} {line.number:>{digits}}  {line.text}".rstrip())
        indent = len(line.text) - len(line.text.lstrip())
        found += [f"{'':{MARK_WIDTH + digits + 3 + indent}}^ {note}" for note in line.note.splitlines()]
    return found


def grid_lines(grid: Grid, width: int = 0) -> list[str]:
    """Title, heading, rows, note.  Marks stand in a column of their own before the first cell."""
    shown = fitting(grid, width)
    head = [grid.title] if grid.title else []
    if not grid.rows:
        return [*head, grid.note] if grid.note else head
    names = Row(tuple(column.name for column in grid.columns))
    widths = [max(len(row.cells[at]) for row in (names, *grid.rows)) for at in range(len(grid.columns))]
    body = [grid_line(row, grid.columns, widths, shown) for row in (names, *grid.rows)]
    return head + body + ([grid.note] if grid.note else [])


def grid_line(row: Row, columns: Sequence[Column], widths: Sequence[int], shown: Sequence[int]) -> str:
    cells = [f"{row.cells[at]:{columns[at].align}{widths[at]}}" for at in shown]
    return f"{row.mark:{MARK_WIDTH}} {GAP.join(cells)}".rstrip()


def fitting(grid: Grid, width: int) -> list[int]:
    """Indexes of the columns that fit into `width`: columns of the highest priority number go first, the rightmost first."""
    shown = list(range(len(grid.columns)))
    if not width:
        return shown
    widths = [max([len(column.name), *(len(row.cells[at]) for row in grid.rows)]) for at, column in enumerate(grid.columns)]

    def needed() -> int:
        return MARK_WIDTH + 1 + sum(widths[at] for at in shown) + len(GAP) * (len(shown) - 1)

    while needed() > width and any(grid.columns[at].priority for at in shown):
        shown.remove(max(shown, key=lambda at: (grid.columns[at].priority, at)))
    return shown


def json_line(kind: str, **values: Any) -> str:
    """One object of the schema as one line."""
    return json.dumps({"schema": SCHEMA, "kind": kind, **values}, ensure_ascii=False)


def json_lines(result: Result, **context: Any) -> list[str]:
    """A line for each part of a result; context: keys that the caller adds to each (script, line, command)."""
    lines = []
    for part in parts(result):
        if part is not None:
            values = part.as_data()
            lines.append(json_line(values.pop("kind"), **context, **values))
    return lines
