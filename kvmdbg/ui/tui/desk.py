"""The desk: the container that puts every widget where `arrange` says, and nowhere else those that it does not name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from kvmdbg.ui.tui.arrange import BARS, Slot, Wish, arrange
from kvmdbg.ui.tui.pane import Pane


class DeskLayout(Layout):
    """Textual's view of `arrange`."""

    name = "desk"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        assert isinstance(parent, Desk)
        slots = {slot.name: slot for slot in parent.slots(size)}
        placements = []
        for child in children:
            slot = slots.get(child.pane_name if isinstance(child, Pane) else child.id or "")
            if slot is None or not slot.width or not slot.height:
                continue
            if isinstance(child, Pane):
                child.edge = slot.edge
            placements.append(WidgetPlacement(Region(slot.x, slot.y, slot.width, slot.height), NULL_OFFSET, NULL_SPACING, child))
        return placements


class Desk(Widget):
    """Everything on the screen."""

    DEFAULT_CSS = "Desk { width: 1fr; height: 1fr; layers: base line; overflow: hidden; }"

    def __init__(self, *children: Widget, resized: Callable[[], None]) -> None:
        super().__init__(*children, id="desk")
        self.resized = resized
        self.wish = Wish()
        self._layout = DeskLayout()

    @property
    def layout(self) -> Layout:
        return self._layout

    def slots(self, size: Size | None = None) -> tuple[Slot, ...]:
        """The arrangement for a size, by default that of the screen."""
        width, height = self.app.size if size is None else size
        return arrange(width, height, self.wish)

    def visible_panes(self) -> tuple[str, ...]:
        """Names of the panes that are on the screen, from top left to bottom right."""
        return tuple(slot.name for slot in self.slots() if slot.name not in BARS)

    def on_resize(self) -> None:
        """Other panes may be on the screen now."""
        self.resized()

    def wants(self, **changes: Any) -> bool:
        """Change what the person asked for; True when the arrangement changed."""
        wish = self.wish._replace(**changes)
        if wish == self.wish:
            return False
        self.wish = wish
        for child in self.children:
            child.refresh(layout=True)
            break
        return True
