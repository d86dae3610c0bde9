"""The timeline as one row of the screen; a click goes to that position."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kvmdbg.ui.panes.timeline import LEGEND, TimelineView, draw, position_at
from kvmdbg.ui.tui.skin import Skin

WORDS = {"|": "focus", "F": "gone", "B": "stop", "m": "current", "E": "changed", "X": "changed"}


class TimelineBar(Widget):
    """`[....B......F...F..|...m....] 42/128`."""

    DEFAULT_CSS = "TimelineBar { width: auto; height: auto; }"
    ALLOW_SELECT = False

    @dataclass
    class Scrubbed(Message):
        """The mouse chose a position."""

        position: int

    def __init__(self, skin: Skin) -> None:
        super().__init__(id="timeline")
        self.skin = skin
        self.view = TimelineView(0, 0, ())

    def show(self, view: TimelineView) -> None:
        if view != self.view:
            self.view = view
            self.refresh()

    def _parts(self) -> tuple[int, str]:
        """Columns between the brackets, and the text behind them."""
        text = f" {self.view.cursor}/{self.view.end}"
        width = self.size.width
        if width >= 160:
            text += f"  {LEGEND}"
        return max(1, width - 2 - len(text)), text

    def render_line(self, y: int) -> Strip:
        columns, text = self._parts()
        segments = [Segment("[", self.skin("dim"))]
        for letter in draw(self.view, columns):
            segments.append(Segment(letter, self.skin(WORDS.get(letter, "dim"))))
        segments.append(Segment("]" + text, self.skin("dim")))
        return Strip(segments).simplify().adjust_cell_length(self.size.width, self.skin(""))

    def _scrub(self, x: int) -> None:
        columns, _ = self._parts()
        if 1 <= x <= columns:
            self.post_message(self.Scrubbed(position_at(x - 1, self.view.end, columns)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self._scrub(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Dragging scrubs."""
        if event.button:
            self._scrub(event.x)
