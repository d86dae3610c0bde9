"""A pane of fixed text: the help overlay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.segment import Segment

from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.skin import Skin


class TextPane(Pane):
    """Lines of (text, word of the style), from the top."""

    def __init__(self, name: str, title: str, key: str, skin: Skin) -> None:
        super().__init__(name, title, key, skin)
        self.lines: Sequence[tuple[str, str]] = ()

    def show(self, content: Any) -> None:
        if content is not self.lines:
            self.lines, self.top = content, 0
            self.refresh()

    def count(self) -> int:
        return len(self.lines)

    def body(self, y: int, width: int) -> list[Segment]:
        at = self.top + y
        if at >= len(self.lines):
            return []
        text, word = self.lines[at]
        return [Segment(text[:width], self.skin(word))]

    def info(self) -> str:
        more = self.count() - self.top - self.rows_free
        return f"{more} more lines" if more > 0 else ""
