"""GridPane: what is drawn, what is redrawn, moving, filtering."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.ui.tui.grid_pane import GridPane
from kvmdbg.ui.tui.skin import Skin

COLUMNS = columns("vpid>", "gva>", "hpa>/2", "kind")


def grid(count: int, changed: int = -1, title: str = "TLB", note: str = "") -> Grid:
    def row(n: int) -> Row:
        cells = ("3", f"{0x400000 + n * 0x1000:x}", f"{0x1f000000 + n * 0x1000:x}", "comb" if n % 2 else "lin")
        return Row(cells, "+" if n == changed else "", n)

    return Grid(title, COLUMNS, tuple(map(row, range(count))), note)


class Stage(App[None]):
    """One pane alone."""

    CSS = "GridPane { width: 1fr; height: 1fr; }"

    def __init__(self, pane: GridPane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane


def pane_of(rows: int, header: bool = True) -> GridPane:
    pane = GridPane("tlb", "TLB", "3", Skin(), header)
    pane.show(grid(rows))
    return pane


def screen(pane: GridPane) -> list[str]:
    return [pane.render_line(y).text for y in range(pane.size.height)]


async def test_title_header_and_rows() -> None:
    pane = pane_of(3)
    async with Stage(pane).run_test(size=(40, 6)):
        pane.show(grid(3, changed=1, title="TLB  3 entries"))
        assert screen(pane) == [
            "-3 TLB  3 entries".ljust(40, "-"),
            " vpid    gva      hpa kind".ljust(40),
            "    3 400000 1f000000 lin".ljust(40),
            "+   3 401000 1f001000 comb".ljust(40),
            "    3 402000 1f002000 lin".ljust(40),
            " " * 40,
        ]


async def test_focus_is_a_double_line_and_a_separator_takes_the_last_column() -> None:
    pane = pane_of(1)
    async with Stage(pane).run_test(size=(30, 4)):
        pane.edge = True
        pane.activate(True)
        assert screen(pane)[0] == "=3 TLB" + "=" * 23 + "|"
        assert screen(pane)[2].endswith("|")


async def test_a_narrow_pane_drops_columns_by_priority_and_says_so() -> None:
    pane = pane_of(2)
    async with Stage(pane).run_test(size=(20, 4)):
        lines = screen(pane)
        assert lines[0].endswith(">") and "hpa" not in lines[1]
        pane.key("right")
        pane.key("right")
        lines = screen(pane)
        assert lines[0].startswith("<") and lines[1].split() == ["hpa", "kind"]
        pane.key("left")
        pane.key("left")
        assert screen(pane)[0].startswith("-3")


async def test_an_empty_grid_shows_its_note() -> None:
    pane = GridPane("tlb", "TLB", "3", Skin())
    async with Stage(pane).run_test(size=(40, 4)):
        pane.show(grid(0, note="No cached translations."))
        assert screen(pane)[1].strip() == "No cached translations."


async def test_a_step_formats_no_more_rows_than_changed() -> None:
    pane = pane_of(200)
    async with Stage(pane).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        pane.work.update(formatted=0, drawn=0)
        pane.show(grid(200, changed=4))
        await pilot.pause()
        assert pane.work == {"formatted": 1, "drawn": 1}
        pane.show(grid(200, changed=4))
        await pilot.pause()
        assert pane.work == {"formatted": 1, "drawn": 1}


async def test_a_hundred_thousand_rows_format_only_what_is_seen() -> None:
    pane = GridPane("tlb", "TLB", "3", Skin())
    pane.show(grid(100_000))
    async with Stage(pane).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        pane.work["formatted"] = 0
        pane.key("end")
        await pilot.pause()
        assert "409f000" not in "".join(screen(pane)) and f"{0x400000 + 99_999 * 0x1000:x}" in screen(pane)[-1]
        assert pane.work["formatted"] <= 18


async def test_a_change_out_of_sight_is_scrolled_into_sight() -> None:
    pane = pane_of(100)
    async with Stage(pane).run_test(size=(60, 12)):
        pane.show(grid(100, changed=70))
        assert any(line.startswith("+") for line in screen(pane))


async def test_the_selection_follows_its_row() -> None:
    pane = pane_of(10)
    async with Stage(pane).run_test(size=(60, 8)):
        pane.activate(True)
        for _ in range(3):
            pane.key("j")
        assert pane.selected_row() == grid(10).rows[3]
        shorter = Grid("TLB", COLUMNS, grid(10).rows[2:])
        pane.show(shorter)
        row = pane.selected_row()
        assert row is not None and row.key == 3 and pane.selected == 1
        pane.show(Grid("TLB", COLUMNS, ()))
        assert pane.selected_row() is None
        assert pane.key("up") and pane.key("end") and pane.key("pagedown")


async def test_the_filter_wants_every_word_and_counts() -> None:
    pane = pane_of(40)
    async with Stage(pane).run_test(size=(60, 30)):
        pane.set_filter("LIN 41", typing=True)
        assert "/LIN 41_" in screen(pane)[0]
        pane.set_filter("LIN 41")
        assert "/LIN 41 8 of 40" in screen(pane)[0] and pane.count() == 8
        pane.set_filter("nothing like it")
        assert "no row matches" in screen(pane)[1] + screen(pane)[2]
        pane.set_filter("")
        assert pane.count() == 40


async def test_what_was_scrolled_to_stays_and_what_was_not_goes_back_to_the_top() -> None:
    pane = pane_of(100)
    async with Stage(pane).run_test(size=(60, 12)):
        pane.show(grid(100, changed=70))
        assert pane.top > 0
        pane.show(grid(100))
        assert pane.top == 0
        pane.key("end")
        pane.show(grid(100))
        assert pane.top == 90
        pane.key("home")
        pane.show(grid(100, changed=70))
        pane.show(grid(100))
        assert pane.top == 0


async def test_what_is_hidden_of_the_current_row_stands_below_when_there_is_room() -> None:
    pane = GridPane("vcpus", "vCPUs", "1", Skin(), details=True)
    made = Grid("vCPUs", columns("id>", "runs", "mode/2", "next/1"), (
        Row(("0", "L0", "OUTSIDE_GUEST_MODE", "vcpu_enter_guest"), "", 0),
        Row(("1", "L2", "IN_GUEST_MODE", "mov cr3, 0x2000"), ">", 1)))
    async with Stage(pane).run_test(size=(24, 8)) as pilot:
        pane.show(made)
        assert screen(pane)[4].strip() == "mode=IN_GUEST_MODE"
        await pilot.resize_terminal(80, 8)
        await pilot.pause()
        assert screen(pane)[4].strip() == ""


@pytest.mark.parametrize("key", ["up", "k", "pageup", "home", "g", "end", "G", "l", "h", "space"])
async def test_every_moving_key_is_handled(key: str) -> None:
    pane = pane_of(50)
    async with Stage(pane).run_test(size=(40, 10)):
        assert pane.key(key)
        assert not pane.key("x")


async def test_paging_keeps_the_selection_in_sight() -> None:
    pane = pane_of(50)
    async with Stage(pane).run_test(size=(40, 10)):
        pane.activate(True)
        pane.key("pagedown")
        pane.key("pagedown")
        assert pane.selected == 14
        assert pane.top <= pane.selected < pane.top + 8
