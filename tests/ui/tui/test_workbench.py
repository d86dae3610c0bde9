"""The workbench: lines that run, what the panes and bars show then, the screen's own words, themes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kvmdbg.session.grid import Grid
from kvmdbg.ui.themes import PALETTES
from kvmdbg.ui.tui.grid_pane import GridPane
from tui_support import app_of, pane_lines, screen, type_keys

SIZE = (80, 24)


async def test_a_breakpoint_stops_and_is_marked() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":break flush\ncontinue\n")
        lines = screen(app)
        assert "| STOP bp1 flush" in lines[0]
        assert app.runner.stops == {app.session.tape.cursor}
        await pilot.press("escape", "5", "c")
        assert "B" in screen(app)[1] and "B=>" in "\n".join(pane_lines(app.panes["source"]))
        await pilot.press("i")
        assert "B=>" not in "\n".join(pane_lines(app.panes["source"]))


async def test_the_table_shows_what_is_about_to_go_and_what_is_new() -> None:
    app = app_of("map L1 0x400000 0x400000", "inject load 0x400000", "inject mov cr3, 0x1000")
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":break flush if by == \"mov cr3\"\ncontinue\n")
        assert any(re.match(r"- *\d+ vpid01", line) for line in pane_lines(app.panes["tlb"])), screen(app)


async def test_tables_are_shown_in_full_in_the_log() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":info vcpus\n")
        assert any("vpid01" in line.text for line in app.session.log)


async def test_a_long_answer_is_shown_from_its_beginning_and_paged() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":info vmcs\n")
        log = pane_lines(app.panes["log"])
        assert "more below" in log[0] and log[1] == "(kvmdbg) info vmcs"
        await pilot.press("pagedown", "pagedown")
        assert pane_lines(app.panes["log"])[1] != log[1]
        await pilot.press("pageup", "pageup", "pageup")
        assert log[1] in pane_lines(app.panes["log"])
        await type_keys(pilot, "when\n")
        assert "more below" not in pane_lines(app.panes["log"])[0]


async def test_a_pane_that_is_not_on_the_screen_is_zoomed() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("8")
        assert app.desk.visible_panes() == ("diff",)
        await pilot.press("9")
        assert app.focus_name == "diff"


async def test_words_of_the_screen() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":layout vmcs\n")
        assert app.desk.wish.middle == "vmcs" and app.in_line
        await type_keys(pilot, "theme light\nzoom log\nlayout all\nfocus requests\n")
        assert app.skin.palette.name == "light" and app.theme == "light"
        assert app.focus_name == "requests" and not app.in_line
        await type_keys(pilot, ":layout nowhere\n")
        assert app.session.log[-1].style == "error" and app.line.text == "layout nowhere"


async def test_a_pane_that_fails_says_so_and_takes_nobody_with_it() -> None:
    app = app_of()
    spec = app.specs["requests"]

    def broken(session: object) -> Grid:
        raise ValueError("on purpose")

    app.specs["requests"] = replace(spec, draw=broken)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i")
        assert "kvmdbg is wrong here: ValueError" in "\n".join(pane_lines(app.panes["requests"]))
        assert app.session.tape.cursor == 1


async def test_a_step_formats_no_more_rows_than_changed() -> None:
    app = app_of()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("c")
        for pane in app.panes.values():
            pane.work.update(formatted=0, drawn=0)
        await pilot.press("C", "i")
        for name in app.desk.visible_panes():
            pane = app.panes[name]
            assert pane.work["formatted"] <= 4 * pane.rows_free, name
        for pane in app.panes.values():
            pane.work.update(formatted=0, drawn=0)
        await pilot.press("i")
        tables = [pane for name in app.desk.visible_panes() if isinstance(pane := app.panes[name], GridPane)]
        changed = sum(bool(row.mark) for pane in tables for row in pane.grid.rows)
        assert sum(pane.work["formatted"] for pane in tables) <= changed + sum(pane.rows_free for pane in tables)


async def test_quit_leaves_with_its_code() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":quit 3\n")
    assert app.return_code == 3


@pytest.mark.parametrize("name", PALETTES)
async def test_every_theme_draws(name: str) -> None:
    app = app_of(palette=PALETTES[name])
    async with app.run_test(size=(120, 40)):
        assert f"theme:{name}" in screen(app)[0]


async def test_without_colours_there_is_none_to_choose() -> None:
    app = app_of(colour=False)
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":theme light\n")
        assert "no colours" in app.line.message
