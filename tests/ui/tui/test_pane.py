"""What all panes share."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown

from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.text_pane import TextPane


class Stage(App[None]):
    CSS = "TextPane { width: 1fr; height: 1fr; }"

    def __init__(self, pane: TextPane) -> None:
        super().__init__()
        self.pane = pane
        self.clicked: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_pane_clicked(self, event: Pane.Clicked) -> None:
        self.clicked.append((event.row, event.column))


def pane_of(lines: int = 20, title: str = "Some pane") -> TextPane:
    pane = TextPane("some", title, "3", Skin())
    pane.show([(f"line {n}", "") for n in range(lines)])
    return pane


async def test_a_title_that_is_too_long_is_cut_and_says_so() -> None:
    pane = pane_of(title="A title that is far too long")
    async with Stage(pane).run_test(size=(20, 3)):
        assert pane.render_line(0).text == "-3 A title that is >"


async def test_focus_is_shown_without_colours_too() -> None:
    pane = pane_of(1)
    async with Stage(pane).run_test(size=(20, 3)):
        pane.activate(True)
        assert pane.render_line(0).text == "=3 Some pane========"


async def test_the_separator_is_the_last_column_of_every_row() -> None:
    pane = pane_of()
    async with Stage(pane).run_test(size=(20, 5)):
        pane.edge = True
        assert all(pane.render_line(y).text.endswith("|") and pane.render_line(y).cell_length == 20 for y in range(5))


@pytest.mark.parametrize(("key", "top"), [("j", 1), ("down", 1), ("pagedown", 3), ("end", 16), ("G", 16), ("k", 0), ("l", 0)])
async def test_keys_scroll(key: str, top: int) -> None:
    pane = pane_of()
    async with Stage(pane).run_test(size=(20, 5)):
        assert pane.key(key)
        assert pane.top == top


async def test_the_wheel_scrolls_and_a_click_is_told() -> None:
    pane = pane_of()
    app = Stage(pane)
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot._post_mouse_events([MouseScrollDown], "#pane-some", offset=(2, 2), button=0)
        assert pane.top == 3
        await pilot.click("#pane-some", offset=(4, 2))
        assert app.clicked == [(1, 4)]


async def test_drawing_is_counted() -> None:
    pane = pane_of()
    async with Stage(pane).run_test(size=(20, 5)):
        pane.work["drawn"] = 0
        pane.render_line(1)
        assert pane.work["drawn"] == 1
