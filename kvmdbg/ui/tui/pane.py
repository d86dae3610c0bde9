"""What all panes share: one row of title, a body drawn line by line, a separator on the right, scrolling by keys and wheel.

A pane draws with Textual's Line API: `render_line(y)` is asked for the rows that are dirty and for no others.  It never
keeps a copy of what it shows beyond the rows on the screen.  Keys reach it through the program, in the order of typing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kvmdbg.ui.tui.skin import Skin


class Pane(Widget):
    """One pane.  Subclasses say how many rows there are and draw one of them."""

    DEFAULT_CSS = "Pane { width: auto; height: auto; }"
    ALLOW_SELECT = False
    MOVES: ClassVar[dict[str, str]] = {
        "up": "up", "k": "up", "down": "down", "j": "down", "left": "left", "h": "left", "right": "right", "l": "right",
        "pageup": "page_up", "ctrl+b": "page_up", "pagedown": "page_down", "ctrl+f": "page_down", "space": "page_down",
        "home": "home", "g": "home", "end": "end", "G": "end",
    }

    @dataclass
    class Clicked(Message):
        """The mouse was pressed on a pane.  row: of the body, -1 = the title."""

        pane: Pane
        row: int
        column: int

    def __init__(self, name: str, title: str, key: str, skin: Skin) -> None:
        super().__init__(id=f"pane-{name}", name=name)
        self.pane_name = name
        self.pane_title = title
        self.pane_key = key
        self.skin = skin
        self.edge = False
        self.active = False          # the pane has the keys
        self.top = 0                 # first row of the body that is shown
        self.work = {"formatted": 0, "drawn": 0}

    # -- to be said by subclasses -----------------------------------------------------------------------------------

    def show(self, content: Any) -> None:
        """Take new content and refresh the rows that changed."""
        raise NotImplementedError

    def count(self) -> int:
        """Rows of the body."""
        raise NotImplementedError

    def body(self, y: int, width: int) -> list[Segment]:
        """Row `y` of the body as it is on the screen (0 = below the title)."""
        raise NotImplementedError

    def heading(self) -> str:
        """The title now."""
        return self.pane_title

    def info(self) -> str:
        """What the title bar says behind the title."""
        return ""

    def hidden(self) -> tuple[bool, bool]:
        """Whether columns are hidden on the left and on the right."""
        return False, False

    def forget(self) -> None:
        """The size or the skin changed: forget what was drawn."""

    # -- drawing ----------------------------------------------------------------------------------------------------

    @property
    def columns_free(self) -> int:
        """Cells of a row without the separator."""
        return max(0, self.size.width - self.edge)

    @property
    def rows_free(self) -> int:
        """Rows of the body that the pane can show."""
        return max(0, self.size.height - 1)

    def render_line(self, y: int) -> Strip:
        self.work["drawn"] += 1
        width = self.columns_free
        try:
            segments = self._title(width) if y == 0 else self.body(y - 1, width)
        except Exception as wrong:      # a row that cannot be drawn must not take the program with it
            segments = [Segment(f"kvmdbg is wrong here: {wrong!r}", self.skin("error"))]
        strip = Strip(segments).adjust_cell_length(width, self.skin(""))
        return Strip([*strip, Segment("|", self.skin("edge"))]) if self.edge else strip

    def _title(self, width: int) -> list[Segment]:
        fill = "=" if self.active else "-"
        text = f"{fill}{self.pane_key} {self.heading()}" if self.pane_key else f"{fill}{self.heading()}"
        info = self.info()
        if info:
            text += "  " + info
        if len(text) > width:
            text = text[:max(0, width - 1)] + ">"
        text = text.ljust(width, fill)
        left, right = self.hidden()
        if left and text:
            text = "<" + text[1:]
        if right and text:
            text = text[:-1] + ">"
        return [Segment(text, self.skin("focus" if self.active else "title"))]

    def activate(self, active: bool) -> None:
        """Give or take the keys."""
        if active != self.active:
            self.active = active
            self.refresh()

    def refresh_row(self, row: int) -> None:
        """Redraw one row of the body, counted from the top of the screen."""
        if 0 <= row < self.rows_free:
            self.refresh(Region(0, row + 1, self.size.width, 1))

    def refresh_title(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    # -- moving -----------------------------------------------------------------------------------------------------

    def key(self, key: str) -> bool:
        """Handle a key of the pane; False when it means nothing here."""
        move = self.MOVES.get(key)
        if move is None:
            return False
        action: Callable[[], None] = getattr(self, f"move_{move}")
        action()
        return True

    def scroll_rows(self, by: int) -> None:
        """Scroll the body by whole rows."""
        top = max(0, min(self.top + by, self.count() - self.rows_free))
        if top != self.top:
            self.top = top
            self.refresh()

    def move_up(self) -> None:
        self.scroll_rows(-1)

    def move_down(self) -> None:
        self.scroll_rows(1)

    def move_page_up(self) -> None:
        self.scroll_rows(-max(1, self.rows_free - 1))

    def move_page_down(self) -> None:
        self.scroll_rows(max(1, self.rows_free - 1))

    def move_home(self) -> None:
        self.scroll_rows(-self.count())

    def move_end(self) -> None:
        self.scroll_rows(self.count())

    def move_left(self) -> None:
        """Nothing to scroll sideways."""

    def move_right(self) -> None:
        """Nothing to scroll sideways."""

    # -- mouse and size -----------------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.post_message(self.Clicked(self, event.y - 1, event.x))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-3)

    def on_resize(self) -> None:
        self.forget()
        self.scroll_rows(0)
        self.refresh()
