"""The model's own Python, highlighted by Pygments, with `=>` on the line that is about to run, and the path that led there.

The whole file is in the pane, scrolled so that the line stands a third down; the calls that led to it are the first rows, as
a trail that wraps, innermost last: a flush is a dozen calls deep, and each of them has a name that a kernel developer knows.
"""

from __future__ import annotations

import linecache
from functools import lru_cache
from typing import Any, Final

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, String, Token
from rich.segment import Segment

from kvmdbg.ui.panes.source import SourceView, nothing
from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.skin import Skin

GUTTER: Final = 3           # "B=>"
NUMBERS: Final = 5          # a line number and a blank
WORDS: Final = ((String.Doc, "comment"), (Comment, "comment"), (Keyword, "keyword"), (String, "string"), (Number, "number"),
                (Name.Function, "name"), (Name.Class, "name"), (Name.Decorator, "name"))
NO_VIEW: Final = nothing("")
ARROW: Final = " > "
LEFT_OUT: Final = "... > "


def word_of(token: Any) -> str:
    """The skin's word for a Pygments token."""
    return next((word for kind, word in WORDS if token in kind), "")


@lru_cache(maxsize=64)
def highlighted(file: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The lines of a Python file as (text, word) parts; empty when it cannot be read."""
    lines: list[list[tuple[str, str]]] = [[]]
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens("".join(linecache.getlines(file))):
        word = word_of(token) if token is not Token.Text else ""
        first, *rest = text.split("\n")
        if first:
            lines[-1].append((first, word))
        for part in rest:
            lines.append([(part, word)] if part else [])
    return tuple(tuple(line) for line in lines)


@lru_cache(maxsize=64)
def trail(path: tuple[str, ...], width: int, rows: int) -> tuple[str, ...]:
    """Calls, outermost first, as rows `a() > b() >` / `c()` of at most `width` columns; the last `rows` of them, marked if cut."""
    lines: list[str] = []
    for call in path:
        word = f"{call}()"
        if lines and len(lines[-1]) + len(ARROW) + len(word) + 3 <= width:
            lines[-1] += ARROW + word
        else:
            lines.append(word)
    kept = lines[len(lines) - rows:] if len(lines) > rows else lines
    if len(kept) < len(lines) and kept:
        while len(LEFT_OUT + kept[0]) + 2 > width and ARROW in kept[0]:
            kept[0] = kept[0].partition(ARROW)[2]
        kept[0] = LEFT_OUT + kept[0]
    return tuple(line + (" >" if line is not kept[-1] else "") for line in kept)


class SourcePane(Pane):
    """Source and path."""

    def __init__(self, name: str, title: str, key: str, skin: Skin) -> None:
        super().__init__(name, title, key, skin)
        self.view = NO_VIEW
        self.left = 0                      # columns scrolled sideways
        self.pattern = ""
        self.searching = False

    def show(self, content: Any) -> None:
        view: SourceView = content
        if view == self.view:
            return
        before, self.view = self.view, view
        top = self.top
        self._centre()
        if top == self.top and (view.file, view.path, view.note) == (before.file, before.path, before.note):
            self.refresh_title()
            for line, _ in set(before.marks) ^ set(view.marks):
                self.refresh_row(line - 1 - self.top + self._path_rows())
        else:
            self.refresh()

    def _centre(self) -> None:
        """Put the line into sight, a third down, unless it is well in sight already."""
        room = self._source_rows()
        at = self.view.line - 1
        if not self.top + 1 <= at < self.top + room - 2:
            self.top = max(0, min(at - room // 3, self.count() - room))

    def _path_rows(self) -> int:
        """Rows for the path: never more than a third of the pane."""
        return len(self._trail())

    def _trail(self) -> tuple[str, ...]:
        """The path in rows; the outermost calls are left out first."""
        return trail(self.view.path, self.columns_free, self.rows_free // 3)

    def _source_rows(self) -> int:
        return max(1, self.rows_free - self._path_rows())

    def forget(self) -> None:
        self._centre()

    def count(self) -> int:
        """Lines of the file."""
        return len(highlighted(self.view.file)) if self.view.file else 0

    def info(self) -> str:
        parts = [self.view.title] if self.view.title else []
        if self.searching or self.pattern:
            parts.append(f"/{self.pattern}" + ("_" if self.searching else "  n N Esc"))
        return "  ".join(parts)

    def hidden(self) -> tuple[bool, bool]:
        return self.left > 0, False

    # -- drawing ----------------------------------------------------------------------------------------------------

    def body(self, y: int, width: int) -> list[Segment]:
        path = self._trail()
        if y < len(path):
            return self._path(path[y], y == len(path) - 1, width)
        if not self.view.file:
            return [Segment(f" {self.view.note}"[:width], self.skin("dim"))] if y == len(path) else []
        number = self.top + y - len(path) + 1
        lines = highlighted(self.view.file)
        if number > len(lines):
            return []
        self.work["formatted"] += 1
        return self._source(number, lines[number - 1], width)

    def _path(self, row: str, last: bool, width: int) -> list[Segment]:
        """One row of the trail; the innermost call stands out."""
        before, arrow, call = row.rpartition(ARROW) if last else (row, "", "")
        segments = [Segment(f" {before}{arrow}"[:width], self.skin("dim"))]
        return segments + ([Segment(call[:max(0, width - len(before + arrow) - 1)], self.skin("current"))] if call else [])

    def _source(self, number: int, parts: tuple[tuple[str, str], ...], width: int) -> list[Segment]:
        here = number == self.view.line
        mark = dict(self.view.marks).get(number, "")
        segments = [Segment(mark.rjust(GUTTER), self.skin(self.skin.mark(mark), here and self.active)),
                    Segment(f"{number:>{NUMBERS - 1}} ", self.skin("dim"))]
        room = width - GUTTER - NUMBERS
        matches = bool(self.pattern) and self.pattern.lower() in "".join(text for text, _ in parts).lower()
        skip, used = self.left, 0
        for text, word in parts:
            part = text[skip:] if skip < len(text) else ""
            skip = max(0, skip - len(text))
            part = part[:room - used]
            if part:
                segments.append(Segment(part, self.skin("changed" if matches else "next" if here else word)))
                used += len(part)
        if sum(len(text) for text, _ in parts) - self.left > room > 0:
            last = segments.pop()
            segments += [Segment(last.text[:-1], last.style), Segment(">", self.skin("dim"))]
        return segments

    # -- moving -----------------------------------------------------------------------------------------------------

    def scroll_rows(self, by: int) -> None:
        top = max(0, min(self.top + by, self.count() - self._source_rows()))
        if top != self.top:
            self.top = top
            self.refresh()

    def move_left(self) -> None:
        self.left = max(0, self.left - 8)
        self.refresh()

    def move_right(self) -> None:
        self.left += 8
        self.refresh()

    # -- search -----------------------------------------------------------------------------------------------------

    def set_pattern(self, text: str, typing: bool = False) -> None:
        """Look for `text` in the file, from the top of the window on."""
        self.pattern, self.searching = text, typing
        if text:
            self._go_to(self.top - 1, 1)
        self.refresh()

    def find(self, direction: int) -> bool:
        """Go to the next line that matches; False when nothing is being searched."""
        if not self.pattern:
            return False
        self._go_to(self.top, direction)
        return True

    def _go_to(self, start: int, direction: int) -> None:
        lines = highlighted(self.view.file) if self.view.file else ()
        index = start + direction
        while 0 <= index < len(lines):
            if self.pattern.lower() in "".join(text for text, _ in lines[index]).lower():
                self.top = max(0, min(index, self.count() - self._source_rows()))
                self.refresh()
                return
            index += direction
