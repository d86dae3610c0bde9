"""Status line, key hints, the message of a screen that is too small."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget

from kvmdbg.ui.tui.bars import LINE_HINTS, PANE_HINTS, Hints, Status, TooSmall
from kvmdbg.ui.tui.skin import Skin


class Stage(App[None]):
    CSS = "Screen > * { width: 1fr; height: 1fr; }"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def test_the_longest_status_that_fits_is_shown() -> None:
    status = Status(Skin())
    status.left = (" kvmdbg  at #1  | stepped", " at #1 | stepped", " #1")
    assert status.text(40).strip() == "kvmdbg  at #1  | stepped"
    assert status.text(17) == " at #1 | stepped "
    assert status.text(2) == " >"


def test_what_belongs_to_the_right_gives_way() -> None:
    status = Status(Skin())
    status.left, status.right = ("left",), "right"
    assert status.text(12) == "left   right"
    assert status.text(10) == "left      "


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
@pytest.mark.parametrize("hints", [PANE_HINTS, LINE_HINTS], ids=["panes", "line"])
async def test_hints_are_never_cut(width: int, hints: tuple[tuple[str, str, int], ...]) -> None:
    bar = Hints(Skin())
    async with Stage(bar).run_test(size=(width, 1)):
        bar.show(hints)
        shown = bar.render_line(0).text.rstrip()
        assert len(shown) <= width
        for key, meaning, _ in hints:
            shown = shown.replace(f"{key} {meaning}", "")
        assert not shown.strip()


async def test_the_first_hints_are_there_at_80_columns() -> None:
    bar = Hints(Skin())
    async with Stage(bar).run_test(size=(80, 1)):
        shown = bar.render_line(0).text
        for hint in ("s Step", "n Next", "c Cont", ": Cmd", "z Zoom", "/ Filter", "? Help"):
            assert hint in shown


@pytest.mark.parametrize("size", [(39, 9), (20, 3), (5, 1)])
async def test_a_small_screen_names_the_prompt(size: tuple[int, int]) -> None:
    small = TooSmall(Skin())
    async with Stage(small).run_test(size=size):
        lines = [small.render_line(y).text.rstrip() for y in range(size[1])]
        assert all(len(line) <= size[0] for line in lines)
        if size[1] >= 3:
            assert lines[2] == "kvmdbg repl"
