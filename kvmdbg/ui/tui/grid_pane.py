"""A pane that draws a Grid: columns dropped by priority, marks as glyphs and as colours, a selected row, a filter.

Only the rows on the screen are formatted, and after a step only those that changed: the cache keeps for each row of the
body what it was made from.  A grid of 100 000 rows costs as much as one of a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich.segment import Segment

from kvmdbg.session.grid import Grid, Row
from kvmdbg.ui.tui.columns import Fit, fit, line, widths_of
from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.wrapping import wrap

EMPTY: Final = Grid("", (), ())
TELLING: Final = ("+", "-", "*", ">", "=>")    # marks worth scrolling to after a step


class GridPane(Pane):
    """A Grid on the screen."""

    def __init__(self, name: str, title: str, key: str, skin: Skin, header: bool = True, details: bool = False) -> None:
        super().__init__(name, title, key, skin)
        self.header = header
        self.details = details           # what is hidden of the current row stands below the rows, where there is room
        self.grid = EMPTY
        self.filter = ""
        self.filtering = False           # the filter is being typed
        self.first = 0                   # first column, when scrolled sideways
        self.by_hand = False             # the person scrolled: do not go back to the top
        self.selected = 0                # index of the selected row among those that pass the filter
        self._passing: Sequence[int] = ()
        self._widths: tuple[int, ...] = ()
        self._fit = Fit((), False, False)
        self._measured_at = 0            # value of `top` for which the widths hold
        self._marks = 1
        self._cache: dict[int, tuple[Row | str, bool, list[Segment]]] = {}

    # -- content ----------------------------------------------------------------------------------------------------

    def show(self, content: Any) -> None:
        """Take a new Grid.  Rows that are equal to those on the screen are left alone."""
        grid: Grid = content
        key = self._selected_key()
        if tuple(c.name for c in grid.columns) != tuple(c.name for c in self.grid.columns):
            self._widths = ()
            self.first = 0
        same_note = (grid.title, grid.note) == (self.grid.title, self.grid.note)
        self.grid = grid
        self._filter_rows()
        self._select_key(key)
        top = self.top
        if not self.by_hand:
            self.top = 0
        self._reveal_changes()
        self._measure()
        if top != self.top:
            self.refresh()
            return
        if not same_note:
            self.refresh_title()
        self._refresh_changed()

    def _refresh_changed(self) -> None:
        for y in range(self.rows_free):
            content, selected = self._content(y)
            cached = self._cache.get(y)
            if cached is None or cached[1] != selected or cached[0] is not content and cached[0] != content:
                self._cache.pop(y, None)
                self.refresh_row(y)

    def _filter_rows(self) -> None:
        rows = self.grid.rows
        if not self.filter:
            self._passing = range(len(rows))
        else:
            words = self.filter.lower().split()
            self._passing = [i for i, row in enumerate(rows) if all(word in " ".join(row.cells).lower() for word in words)]
        self.top = max(0, min(self.top, len(self._passing) - self._body_rows()))

    def _measure(self) -> None:
        """Widths and columns for the rows that may be seen; everything is redrawn when they change."""
        rows = self.grid.rows
        if self._measured_at != self.top:
            self._measured_at, self._widths = self.top, ()
        seen = [rows[self._passing[i]] for i in range(self.top, min(self.top + self.rows_free, len(self._passing)))]
        widths = widths_of(self.grid.columns, seen, self._widths, self.header)
        marks = max((len(row.mark) for row in seen), default=1) or 1
        fitted = fit(self.grid.columns, widths, self.columns_free - marks, self.first)
        if (widths, marks, fitted) != (self._widths, self._marks, self._fit):
            self._widths, self._marks, self._fit = widths, marks, fitted
            self._cache.clear()
            self.refresh()

    def _reveal_changes(self) -> None:
        """Scroll to the first row with a telling mark when none is on the screen."""
        rows, passing, room = self.grid.rows, self._passing, self._body_rows()
        if len(passing) <= room or any(rows[i].mark in TELLING for i in passing[self.top:self.top + room]):
            return
        at = next((n for n, i in enumerate(passing) if rows[i].mark in TELLING), None)
        if at is not None:
            self.top = max(0, min(at - room // 3, len(passing) - room))

    def forget(self) -> None:
        self._cache.clear()
        self._measure()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def count(self) -> int:
        return len(self._passing)

    def _body_rows(self) -> int:
        """Rows of data that the pane can show."""
        return max(0, self.rows_free - self._body_top())

    def _content(self, y: int) -> tuple[Row | str, bool]:
        """What stands at row `y` of the body: a row of data, or other text (header, note, nothing); and whether it is selected."""
        if y < self.header and self.grid.rows:
            return line(tuple(column.name for column in self.grid.columns), self.grid.columns, self._fit.shown), False
        if not self._passing:
            nothing = f"no row matches {self.filter!r}" if self.filter and self.grid.rows else self.grid.note or "nothing"
            rows = wrap(nothing, self.columns_free - self._marks)
            y -= self._body_top()
            return rows[y] if y < len(rows) else "", False
        at = y - self._body_top() + self.top
        if at >= len(self._passing):
            below = self._details()
            return (below[at - len(self._passing)] if at - len(self._passing) < len(below) else ""), False
        return self.grid.rows[self._passing[at]], self.active and at == self.selected

    def _details(self) -> list[str]:
        """What does not fit of the current row, in rows of its own."""
        if not self.details or not self._fit.right or self._fit.left:
            return []
        rows = self.grid.rows
        row = next((rows[i] for i in self._passing if ">" in rows[i].mark), rows[self._passing[0]])
        whole = {index for index, width in self._fit.shown if len(row.cells[index]) <= width}
        columns = self.grid.columns
        hidden = sorted((column.priority, index) for index, column in enumerate(columns) if index not in whole and row.cells[index])
        return wrap(" ".join(f"{columns[index].name}={row.cells[index]}" for _, index in hidden), self.columns_free - self._marks)

    def _body_top(self) -> int:
        """Row of the body at which the data starts."""
        return int(self.header and bool(self.grid.rows))

    def body(self, y: int, width: int) -> list[Segment]:
        content, selected = self._content(y)
        cached = self._cache.get(y)
        if cached is not None and cached[1] == selected and (cached[0] is content or cached[0] == content):
            return cached[2]
        if isinstance(content, Row):
            segments = self._format(content, selected, width)
        else:
            word = "heading" if y < self._body_top() else "dim"
            segments = [Segment((" " * self._marks + content)[:width], self.skin(word))]
        self._cache[y] = (content, selected, segments)
        return segments

    def _format(self, row: Row, selected: bool, width: int) -> list[Segment]:
        self.work["formatted"] += 1
        word = self.skin.mark(row.mark)
        text = line(row.cells, self.grid.columns, self._fit.shown).ljust(width - self._marks)
        style = row.style or (word if row.mark in ("+", "-", "*", "!") else "disabled" if row.mark == "x" else "")
        return [Segment(row.mark.rjust(self._marks), self.skin(word, selected)), Segment(text, self.skin(style, selected))]

    def heading(self) -> str:
        return self.grid.title or self.pane_title

    def info(self) -> str:
        parts = []
        if self.grid.note and self.grid.rows:
            parts.append(self.grid.note.partition("\n")[0])
        if self.top:
            parts.append(f"{self.top} above")
        if self.filtering or self.filter:
            parts.append(f"/{self.filter}" + ("_" if self.filtering else f" {len(self._passing)} of {len(self.grid.rows)}"))
        return "  ".join(parts)

    def hidden(self) -> tuple[bool, bool]:
        return (self._fit.left, self._fit.right) if self.grid.rows else (False, False)

    # -- selecting and scrolling ------------------------------------------------------------------------------------

    def activate(self, active: bool) -> None:
        self._cache.clear()
        super().activate(active)

    def selected_row(self) -> Row | None:
        """The row that the cursor is on, or None in an empty grid."""
        return self.grid.rows[self._passing[self.selected]] if self.selected < len(self._passing) else None

    def _selected_key(self) -> Any:
        row = self.selected_row()
        return None if row is None else row.key

    def _select_key(self, key: Any) -> None:
        if key is not None:
            rows = self.grid.rows
            at = next((n for n, i in enumerate(self._passing) if rows[i].key == key), None)
            if at is not None:
                self.selected = at
        self.selected = max(0, min(self.selected, len(self._passing) - 1))

    def select(self, index: int) -> None:
        """Put the cursor on row `index` of those that pass the filter, and scroll it into sight."""
        index = max(0, min(index, len(self._passing) - 1))
        self.by_hand = index > 0
        room = max(1, self._body_rows())
        top = min(self.top, index) if index < self.top else max(self.top, index - room + 1)
        before, self.selected = self.selected, index
        if top != self.top:
            self.top = top
            self._cache.clear()
            self._measure()
            self.refresh()
            return
        for at in (before, index):
            self.refresh_row(at - self.top + self._body_top())

    def select_at(self, y: int) -> None:
        """Put the cursor on the row of data at row `y` of the body."""
        at = y - self._body_top() + self.top
        if y >= self._body_top() and at < len(self._passing):
            self.select(at)

    def scroll_rows(self, by: int) -> None:
        top = max(0, min(self.top + by, self.count() - self._body_rows()))
        if top != self.top:
            self.top = top
            self.by_hand = top > 0
            self._cache.clear()
            self._measure()
            self.refresh()

    def move_up(self) -> None:
        self.select(self.selected - 1)

    def move_down(self) -> None:
        self.select(self.selected + 1)

    def move_page_up(self) -> None:
        self.select(self.selected - max(1, self._body_rows() - 1))

    def move_page_down(self) -> None:
        self.select(self.selected + max(1, self._body_rows() - 1))

    def move_home(self) -> None:
        self.select(0)

    def move_end(self) -> None:
        self.select(len(self._passing) - 1)

    def move_left(self) -> None:
        if self.first > 0:
            self.first -= 1
            self._measure()

    def move_right(self) -> None:
        if self._fit.right:
            self.first = min(self.first + 1, len(self.grid.columns) - 1)
            self._measure()

    # -- filter -----------------------------------------------------------------------------------------------------

    def set_filter(self, text: str, typing: bool = False) -> None:
        """Show only rows that hold every word of `text` (case does not matter)."""
        key = self._selected_key()
        self.filter, self.filtering = text, typing
        self._filter_rows()
        self._select_key(key)
        self._cache.clear()
        self._measure()
        self.refresh()
