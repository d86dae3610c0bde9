"""The status line above and the key hints below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from kvmdbg.ui.tui.skin import Skin

# (key, meaning, first width at which it is shown)
PANE_HINTS: Final = (
    ("s", "Step", 0), ("n", "Next", 0), ("f", "Fin", 0), ("c", "Cont", 0), ("S/C", "Back", 0), (":", "Cmd", 0), ("t", "Tab", 0),
    ("z", "Zoom", 0), ("/", "Filter", 0), ("?", "Help", 0), ("F2", "Menu", 80), ("1-8", "Pane", 100), ("d", "Differ", 100),
    ("[ ]", "Scrub", 100), ("{ }", "Marks", 120), ("i", "Stepi", 160), ("m", "Mark", 160), ("F8", "REPL", 160),
    ("F9", "Picture", 160),
)
LINE_HINTS: Final = (
    ("Tab", "Complete", 0), ("^R", "Search", 0), ("Enter", "Run/repeat", 0), ("F11", "Step", 0), ("F10", "Next", 0),
    ("F5", "Cont", 0), ("Esc", "Panes", 0), ("^D", "Quit", 0), ("F1", "Help", 100), ("F2", "Menu", 100), ("F8", "REPL", 100),
    ("F9", "Picture", 120),
)
RUN_HINTS: Final = (("^C", "Stop", 0), ("", "lines typed now run afterwards", 0))


class Status(Widget):
    """` kvmdbg G=42/128 <file> v6.12 vcpu0 L2 GUEST | STOP ...`; what belongs to the right is pushed out first."""

    DEFAULT_CSS = "Status { width: auto; height: auto; }"
    ALLOW_SELECT = False

    def __init__(self, skin: Skin) -> None:
        super().__init__(id="status")
        self.skin = skin
        self.left: tuple[str, ...] = ("",)
        self.right = ""

    def show(self, left: tuple[str, ...], right: str = "") -> None:
        """left: the same in shorter and shorter words; the first that fits is shown."""
        if (left, right) != (self.left, self.right):
            self.left, self.right = left, right
            self.refresh()

    def text(self, width: int) -> str:
        """The line in `width` cells."""
        left = next((text for text in self.left if len(text) <= width), self.left[-1])
        left = left if len(left) <= width else left[:max(0, width - 1)] + ">"
        room = width - len(left)
        return left + (self.right.rjust(room) if len(self.right) + 2 <= room else " " * room)

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.text(self.size.width), self.skin("bar"))])


class Hints(Widget):
    """Keys that work now.  As many as fit; a hint is never cut."""

    DEFAULT_CSS = "Hints { width: auto; height: auto; }"
    ALLOW_SELECT = False

    def __init__(self, skin: Skin) -> None:
        super().__init__(id="hints")
        self.skin = skin
        self.hints: Sequence[tuple[str, str, int]] = PANE_HINTS

    def show(self, hints: Sequence[tuple[str, str, int]]) -> None:
        if hints is not self.hints:
            self.hints = hints
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        segments: list[Segment] = []
        used = 0
        for key, meaning, least in self.hints:
            text = f"{key} {meaning}".strip()
            gap = (2 if width >= 100 else 1) if segments else 0
            if width < least or used + gap + len(text) > width:
                continue
            segments += [Segment(" " * gap, self.skin("")), Segment(key, self.skin("focus")),
                         Segment(f" {meaning}" if key else meaning, self.skin("dim"))]
            used += gap + len(text)
        return Strip(segments).adjust_cell_length(width, self.skin(""))


class TooSmall(Widget):
    """What a screen below 40x10 shows."""

    DEFAULT_CSS = "TooSmall { width: auto; height: auto; }"
    ALLOW_SELECT = False
    LINES: Final = ("kvmdbg needs 40x10.", "Smaller screens:", "kvmdbg repl")

    def __init__(self, skin: Skin) -> None:
        super().__init__(id="too-small")
        self.skin = skin

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text = self.LINES[y][:width] if y < len(self.LINES) else ""
        return Strip([Segment(text.ljust(width), self.skin(""))])

    def on_resize(self, event: events.Resize) -> None:
        self.refresh()
