"""The log: a window on the session's own list of lines, wrapped while drawing, without a copy.

The window hangs on the end of the list, as a terminal does: `back` says how many rows of the screen it was scrolled up.
Only the lines in sight are wrapped, found by walking back from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from rich.segment import Segment

from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.wrapping import wrap

PROMPT: Final = "(kvmdbg) "
TYPED: Final = "typed"


class Line(Protocol):
    """One line of the log."""

    @property
    def position(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def style(self) -> str: ...


def rows_of(line: Line, width: int) -> list[str]:
    """The rows of one line; what was typed stands behind the prompt, so that it is told from what was said without colours."""
    return wrap(PROMPT + line.text if line.style == TYPED else line.text, width)


class LogPane(Pane):
    """session.log on the screen."""

    def __init__(self, name: str, title: str, key: str, skin: Skin) -> None:
        super().__init__(name, title, key, skin)
        self.lines: Sequence[Any] = ()
        self.back = 0                       # rows scrolled up from the end
        self.pattern = ""
        self.searching = False
        self._seen = 0                      # lines that were there at the last `show`
        self._window: tuple[Any, list[tuple[str, str, int]]] = (None, [])

    def show(self, content: Any) -> None:
        """Take the list of lines; when it grew, the newest are in sight."""
        if content is self.lines and len(content) == self._seen:
            return
        self.lines, self._seen, self.back = content, len(content), 0
        self.refresh()

    def start_at(self, index: int) -> None:
        """When what was said since line `index` is more than fits, show its beginning instead of its end."""
        width, room = self.columns_free, self.rows_free
        below = sum(len(rows_of(line, width)) for line in self.lines[index:])
        if room and below > room:
            self.back = below - room
            self.refresh()

    def forget(self) -> None:
        self._window = (None, [])

    def rows(self, width: int, height: int) -> list[tuple[str, str, int]]:
        """(text, style, index of the line) of each row in sight, from top to bottom."""
        token = (id(self.lines), len(self.lines), width, height, self.back)
        if self._window[0] == token:
            return self._window[1]
        need = height + self.back
        found: list[tuple[str, str, int]] = []
        for index in range(len(self.lines) - 1, -1, -1):
            line = self.lines[index]
            self.work["formatted"] += 1
            found += [(text, line.style, index) for text in reversed(rows_of(line, width))]
            if len(found) >= need:
                break
        self.back = max(0, min(self.back, len(found) - height))
        found = found[self.back:self.back + height][::-1]
        self._window = ((*token[:4], self.back), found)
        return found

    def body(self, y: int, width: int) -> list[Segment]:
        rows = self.rows(width, self.rows_free)
        if y >= len(rows):
            return []
        text, style, index = rows[y]
        if self.pattern and self.pattern.lower() in self.lines[index].text.lower():
            return [Segment(text.ljust(width), self.skin("changed"))]
        return [Segment(text, self.skin(style))]

    def info(self) -> str:
        parts = [f"{self.back} more below"] if self.back else []
        if self.searching or self.pattern:
            parts.append(f"/{self.pattern}" + ("_" if self.searching else "  n N Esc"))
        return "  ".join(parts)

    def count(self) -> int:
        return len(self.lines)

    def line_at(self, y: int) -> Any | None:
        """The line of the log at row `y` of the body."""
        rows = self.rows(self.columns_free, self.rows_free)
        return self.lines[rows[y][2]] if 0 <= y < len(rows) else None

    # -- scrolling: rows are counted from the end -------------------------------------------------------------------

    def scroll_rows(self, by: int) -> None:
        self.back = max(0, self.back - by)
        self.refresh()

    def move_home(self) -> None:
        self.scroll_rows(-sum(len(rows_of(line, self.columns_free)) for line in self.lines))

    def move_end(self) -> None:
        self.scroll_rows(self.back)

    # -- search -----------------------------------------------------------------------------------------------------

    def set_pattern(self, text: str, typing: bool = False) -> None:
        """Look for `text` (case does not matter): its newest line comes into sight."""
        self.pattern, self.searching = text, typing
        if text:
            self._go_to(len(self.lines), -1)
        self.refresh()

    def find(self, direction: int) -> bool:
        """Go to the next line that matches: -1 = older, 1 = newer.  False when nothing is being searched."""
        if not self.pattern:
            return False
        rows = self.rows(self.columns_free, self.rows_free)
        matching = [index for _, _, index in rows if self.pattern.lower() in self.lines[index].text.lower()]
        start = (matching[0] if direction < 0 else matching[-1]) if matching else len(self.lines)
        self._go_to(start, direction)
        return True

    def _go_to(self, start: int, direction: int) -> None:
        index = start + direction
        while 0 <= index < len(self.lines):
            if self.pattern.lower() in self.lines[index].text.lower():
                below = sum(len(rows_of(line, self.columns_free)) for line in self.lines[index + 1:])
                self.back = max(0, below - self.rows_free // 2)
                self.refresh()
                return
            index += direction
