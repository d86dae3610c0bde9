"""A table as plain data: what reports return, what panes draw, what `--json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

FILLED: Final = "+"       # filled, or new since the last stop
GONE: Final = "-"         # gone, or about to go
CHANGED: Final = "*"      # changed since the last stop, or pending
DIFFERS: Final = "!"      # differs from its neighbour (VMCS columns), or forbidden
CURRENT: Final = ">"      # the current one
NEXT: Final = "=>"        # the line that is about to run
BREAKPOINT: Final = "B"
DISABLED: Final = "x"
MARKS: Final = (FILLED, GONE, CHANGED, DIFFERS, CURRENT, NEXT, BREAKPOINT, DISABLED)


@dataclass(slots=True, frozen=True)
class Column:
    """One column.  align: "<" or ">".  priority: 0 is never dropped; the highest is dropped first when there is no room."""

    name: str
    align: str = "<"
    priority: int = 0


@dataclass(slots=True, frozen=True)
class Row:
    """One row: as many cells as the grid has columns.

    mark: "" or one of MARKS.  key: what the row is (a TlbKey, a field's encoding, ...), equal from stop to stop, so that a
    face can keep its selection.  style: "" or a word that a theme knows ("changed", "gone", "dim", "heading", ...).
    """

    cells: tuple[str, ...]
    mark: str = ""
    key: Any = None
    style: str = ""


@dataclass(slots=True, frozen=True)
class Grid:
    """A titled table.  note: one line below it, or what to say instead of no rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""

    def column(self, name: str) -> tuple[str, ...]:
        """The cells of one column, from top to bottom.  raises: ValueError when no column has that name."""
        at = [column.name for column in self.columns].index(name)
        return tuple(row.cells[at] for row in self.rows)

    def as_data(self) -> dict[str, Any]:
        """The grid for `--json`: each row is an object of its cells by column name, plus its mark where it has one."""
        names = [column.name for column in self.columns]
        rows = [dict(zip(names, row.cells, strict=True)) | ({"mark": row.mark} if row.mark else {}) for row in self.rows]
        return {"kind": "grid", "title": self.title, "columns": names, "rows": rows} | ({"note": self.note} if self.note else {})


def columns(*names: str) -> tuple[Column, ...]:
    """Columns in short: a name, `>` behind it when it is aligned right, then `/N` for a priority ("page>", "hpa>/2")."""
    made = []
    for text in names:
        name, _, priority = text.partition("/")
        made.append(Column(name.removesuffix(">"), ">" if name.endswith(">") else "<", int(priority or 0)))
    return tuple(made)
