"""LogPane: a window on a list, wrapped while drawing."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import App, ComposeResult

from kvmdbg.ui.tui.log_pane import LogPane
from kvmdbg.ui.tui.skin import Skin


class Said(NamedTuple):
    position: int
    text: str
    style: str = ""


class Stage(App[None]):
    CSS = "LogPane { width: 1fr; height: 1fr; }"

    def __init__(self, pane: LogPane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane


def screen(pane: LogPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(1, pane.size.height)]


async def test_the_newest_lines_are_in_sight_and_the_list_is_not_copied() -> None:
    pane = LogPane("log", "Log", "", Skin())
    lines = [Said(n, f"line {n}") for n in range(30)]
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show(lines)
        assert screen(pane) == ["line 26", "line 27", "line 28", "line 29"]
        assert pane.lines is lines
        lines.append(Said(30, "line 30"))
        pane.show(lines)
        assert screen(pane)[-1] == "line 30"


async def test_a_short_log_starts_at_the_top() -> None:
    pane = LogPane("log", "Log", "", Skin())
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show([Said(0, "only")])
        assert screen(pane) == ["only", "", "", ""]


async def test_scrolling_counts_from_the_end() -> None:
    pane = LogPane("log", "Log", "", Skin())
    lines = [Said(n, f"line {n}") for n in range(30)]
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show(lines)
        pane.key("up")
        assert screen(pane)[-1] == "line 28" and pane.info() == "1 more below"
        pane.key("home")
        assert screen(pane)[0] == "line 0"
        pane.key("up")
        assert screen(pane)[0] == "line 0"
        pane.key("end")
        assert screen(pane)[-1] == "line 29"


async def test_only_what_is_in_sight_is_wrapped() -> None:
    pane = LogPane("log", "Log", "", Skin())
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show([Said(n, f"line {n}") for n in range(100_000)])
        pane.work["formatted"] = 0
        screen(pane)
        assert pane.work["formatted"] == 4


async def test_searching_goes_to_older_and_newer_lines() -> None:
    pane = LogPane("log", "Log", "", Skin())
    lines = [Said(n, f"line {n} {'flush' if n in (3, 20) else ''}") for n in range(30)]
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show(lines)
        pane.set_pattern("FLUSH", typing=True)
        assert any("line 20" in row for row in screen(pane)) and pane.info().endswith("/FLUSH_")
        pane.set_pattern("FLUSH")
        assert pane.find(-1) and any("line 3 " in row for row in screen(pane))
        assert pane.find(1) and any("line 20" in row for row in screen(pane))
        pane.set_pattern("")
        assert not pane.find(1)


async def test_a_long_answer_starts_at_its_beginning() -> None:
    pane = LogPane("log", "Log", "", Skin())
    async with Stage(pane).run_test(size=(30, 5)):
        pane.show([Said(n, f"line {n}") for n in range(30)])
        pane.start_at(20)
        assert screen(pane)[0] == "line 20"
        pane.key("end")
        pane.start_at(28)
        assert screen(pane)[-1] == "line 29"


async def test_which_line_stands_at_a_row() -> None:
    pane = LogPane("log", "Log", "", Skin())
    lines = [Said(7, "a line that is wrapped here"), Said(9, "next")]
    async with Stage(pane).run_test(size=(16, 6)):
        pane.show(lines)
        assert screen(pane)[:3] == ["a line that is", "    wrapped here", "next"]
        assert [pane.line_at(y).position for y in (0, 1, 2)] == [7, 7, 9]
        assert pane.line_at(4) is None
