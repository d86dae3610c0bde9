"""The program: keys, lines, panes, running, errors, leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from kvmdbg.ui.tui.app import KvmdbgApp
from kvmdbg.ui.tui.grid_pane import GridPane
from tui_support import app_of, post_keys, screen, session_of, type_keys

SIZE = (80, 24)


def typed(app: KvmdbgApp) -> list[str]:
    """The lines that were typed, by hand or by a key."""
    return [line.text for line in app.session.log if line.style == "typed"]


async def test_it_opens_at_the_start_with_the_whole_session_ahead() -> None:
    app = app_of()
    async with app.run_test(size=SIZE):
        lines = screen(app)
        assert "kvmdbg" in lines[0] and f" G=0/{app.session.tape.end} " in lines[0] and "<small.kvmdbg>  v6.12" in lines[0]
        assert lines[1].startswith("[|") and lines[1].endswith(f"] 0/{app.session.tape.end}")
        assert lines[7].startswith("=3 TLB")
        assert lines[-1].startswith("s Step n Next")


async def test_single_keys_step_forwards_and_backwards() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i", "i", "i", "I")
        assert app.session.tape.cursor == 2
        await pilot.press("c")
        assert app.session.tape.cursor == app.session.tape.end
        await pilot.press("C")
        assert app.session.tape.cursor == 0
        assert typed(app)[-6:] == ["stepi", "stepi", "stepi", "reverse-stepi", "continue", "reverse-continue"]


@pytest.mark.parametrize(("key", "line"), [
    ("s", "step"), ("n", "next"), ("f", "finish"), ("S", "reverse-step"), ("N", "reverse-next"), ("o", "insn"), ("w", "backtrace"),
    ("f11", "step"), ("f10", "next"), ("f5", "continue"), ("shift+f11", "finish")])
async def test_each_key_runs_its_line(key: str, line: str) -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i", key)
        assert typed(app)[-1] == line


async def test_function_keys_work_in_the_command_line_and_letters_are_text() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon")
        await type_keys(pilot, "nic")
        await pilot.press("f11")
        assert app.line.text == "nic" and typed(app)[-1] == "step"


async def test_lines_typed_ahead_run_in_order_over_changes_of_focus() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        before = len(typed(app))
        await type_keys(pilot, ":stepi 3\ngot\t #9\nreverse-stepi\nprint 1\t+1\n")
        await pilot.press("escape", "i", "colon")
        await type_keys(pilot, "when\n")
        assert typed(app)[before:] == ["stepi 3", "goto #9", "reverse-stepi", "print 1+1", "stepi", "when"]
        assert app.session.tape.cursor == 9


async def test_a_colon_too_many_is_forgiven() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, "::when\n")
        assert typed(app)[-1] == "when"


async def test_an_empty_line_repeats_a_motion_and_nothing_else() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":stepi\n\n\n")
        assert app.session.tape.cursor == 3
        await type_keys(pilot, "break flush\n\n")
        assert len(app.session.breakpoints) == 1


async def test_a_wrong_line_is_said_and_kept_for_mending() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":stepp 3\n")
        assert app.line.text == "stepp 3"
        assert 'Undefined command: "stepp".  Try "help".' in app.session.log[-1].text and app.session.log[-1].style == "error"
        assert app.session.log[-1].text in "\n".join(screen(app))
        await type_keys(pilot, "when\n")
        assert typed(app)[-1] == "when"


async def test_a_line_that_could_be_read_is_not_given_back() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":delete 7\n")
        assert app.session.log[-1].style == "error" and app.line.text == ""


async def test_a_wrong_line_typed_ahead_harms_nobody() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":goto #999999\nstepi\n")
        assert app.session.tape.cursor == 1 and app.line.text == ""


# -- panes ----------------------------------------------------------------------------------------------------------


async def test_tab_goes_round_and_digits_jump() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        seen = []
        for _ in range(4):
            await pilot.press("tab")
            seen.append(app.focus_name)
        assert seen == ["log", "vcpus", "requests", "tlb"]
        await pilot.press("shift+tab")
        assert app.focus_name == "requests" and screen(app)[2][40] == "="
        await pilot.press("4")
        assert app.desk.wish.middle == "vmcs" and screen(app)[7].startswith("=4 VMCS")


async def test_t_cycles_the_middle_pane() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        titles = []
        for _ in range(5):
            await pilot.press("t")
            titles.append(screen(app)[7].strip("=").split()[1])
        assert titles == ["VMCS", "Source", "Path", "Breakpoints", "TLB"]


async def test_zoom_and_back() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("z")
        assert app.desk.visible_panes() == ("tlb",)
        await pilot.press("2")
        assert app.desk.visible_panes() == ("requests",)
        await pilot.press("escape")
        assert "log" in app.desk.visible_panes()


async def test_d_leaves_only_differing_fields() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("c", "4")
        pane = app.panes["vmcs"]
        assert isinstance(pane, GridPane)
        everything = len(pane.grid.rows)
        await pilot.press("d")
        assert len(pane.grid.rows) < everything
        await pilot.press("d")
        assert len(pane.grid.rows) == everything


async def test_filter_by_typing_behind_a_slash() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("c")
        await type_keys(pilot, "/comb")
        assert "/comb_" in screen(app)[7]
        await pilot.press("enter")
        assert "/comb 1 of" in screen(app)[7]
        await pilot.press("n")
        assert typed(app)[-1] == "next"
        await pilot.press("escape")
        assert "/" not in screen(app)[7]


async def test_n_repeats_a_search_in_the_log_and_steps_elsewhere() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab")
        await type_keys(pilot, "/map\n")
        count = len(typed(app))
        await pilot.press("n")
        assert len(typed(app)) == count
        await pilot.press("escape", "n")
        assert typed(app)[-1] == "next"


async def test_help_opens_and_closes() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("question_mark")
        assert screen(app)[2].startswith("=Help") and any("reverse" in line or "backwards" in line for line in screen(app))
        await pilot.press("escape")
        assert not any("=Help" in line for line in screen(app))


async def test_enter_on_a_breakpoint_switches_it() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await type_keys(pilot, ":break flush\n")
        await pilot.press("escape", "6", "enter")
        assert typed(app)[-1] == "disable 1" and not app.session.breakpoints[1].enabled
        await pilot.press("enter")
        assert typed(app)[-1] == "enable 1"


async def test_a_key_that_means_nothing_says_so() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("y")
        assert "no key 'y' here" in screen(app)[-2] or "no key 'y' here" in screen(app)[-3]


async def test_alt_and_a_letter_are_escape_and_the_letter() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon", "alt+i")
        assert not app.in_line and typed(app)[-1] == "stepi"


async def test_a_line_feed_is_enter_as_well() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        post_keys(app, ":stepi 2", "ctrl+j")
        await pilot.pause()
        assert app.session.tape.cursor == 2


async def test_gdbs_control_x_keys() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+x", "o")
        assert app.focus_name == "log"
        await pilot.press("ctrl+x", "1")
        assert app.desk.visible_panes() == ("log",)
        await pilot.press("colon", "ctrl+x", "s")
        assert not app.in_line


# -- time -----------------------------------------------------------------------------------------------------------


async def test_scrubbing_leaves_no_lines_in_the_log() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        count = len(app.session.log)
        await pilot.press("left_square_bracket", "right_square_bracket", "right_square_bracket")
        assert app.session.tape.cursor == 2
        await pilot.press("right_curly_bracket")
        flush = app.session.tape.cursor
        assert flush == app.timeline_bar.view.marks[0][0]
        await pilot.press("left_curly_bracket")
        assert app.session.tape.cursor == 0 and len(app.session.log) == count


async def test_a_click_on_the_timeline_goes_there() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("#timeline", offset=(40, 0))
        end = app.session.tape.end
        assert end // 3 < app.session.tape.cursor < 2 * end // 3


async def test_a_click_on_a_pane_gives_it_the_keys_and_selects_a_row() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("#pane-requests", offset=(3, 3))
        assert app.focus_name == "requests"
        pane = app.panes["requests"]
        assert isinstance(pane, GridPane) and pane.selected == 1
        await pilot.click("#command", offset=(12, 0))
        assert app.in_line


async def test_bookmarks() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i", "m", "i")
        assert app.session.timeline.bookmarks == {"m1": 1}
        await pilot.press("left_curly_bracket", "m")
        assert app.session.timeline.bookmarks == {}


# -- running --------------------------------------------------------------------------------------------------------


def endless(count: int = 20_000) -> KvmdbgApp:
    """A program over a session whose guest has long to execute."""
    session = session_of("map L1 0x400000 0x400000", "program", *["load 0x400000"] * count, "end", at_start=False)
    return KvmdbgApp(session, "long.kvmdbg")


async def wait_until(happens: Callable[[], bool]) -> None:
    for _ in range(2000):
        if happens():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


async def test_control_c_stops_a_run_and_keeps_the_session() -> None:
    app = endless()
    async with app.run_test(size=SIZE):
        post_keys(app, "c")
        await wait_until(lambda: app.runner.running and "RUNNING" in app.status.text(80))
        post_keys(app, "", "ctrl+c")
        await wait_until(lambda: not app.runner.running)
        assert not app.session.running and 0 < app.session.tape.cursor
        assert "Interrupted" in app.session.log[-2].text + app.session.log[-1].text
        post_keys(app, "", "ctrl+c", "ctrl+c", "i")
        await wait_until(lambda: typed(app)[-1] == "stepi")
        assert app.is_running


async def test_what_is_typed_during_a_run_waits_for_its_end() -> None:
    app = endless(400)
    async with app.run_test(size=SIZE):
        post_keys(app, "c:print 6*7\nwhen\n")
        await wait_until(lambda: typed(app)[-1] == "when")
        assert typed(app)[-3:] == ["continue", "print 6*7", "when"]
        assert app.session.tape.cursor == app.session.tape.end


async def test_a_run_that_is_stopped_forgets_the_lines_that_waited() -> None:
    app = endless()
    async with app.run_test(size=SIZE):
        post_keys(app, "c:when\n")
        await wait_until(lambda: len(app.runner.waiting) == 1)
        post_keys(app, "", "ctrl+c")
        await wait_until(lambda: not app.runner.running)
        assert "when" not in typed(app)


async def test_typing_is_heard_while_the_machine_runs() -> None:
    app = endless()
    async with app.run_test(size=SIZE):
        post_keys(app, "c:info")
        await wait_until(lambda: app.line.text == "info")
        assert app.session.running
        post_keys(app, "", "ctrl+c")
        await wait_until(lambda: not app.runner.running)


# -- errors, work, leaving ------------------------------------------------------------------------------------------


async def test_a_key_that_fails_becomes_a_line_of_the_log() -> None:
    app = app_of()

    def broken() -> None:
        raise ZeroDivisionError("on purpose")

    async with app.run_test(size=SIZE) as pilot:
        app.action_differ = broken  # type: ignore[method-assign]
        await pilot.press("d", "i")
        assert any("on purpose" in line.text for line in app.session.log)
        assert app.session.tape.cursor == 1 and app.is_running


async def test_leaving_asks_when_something_is_unsaved(tmp_path: Path) -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("i", "ctrl+q")
        assert app.is_running and "unsaved" in app.line.message
        await pilot.press("i", "ctrl+q")
        assert app.is_running
        await type_keys(pilot, f":record {tmp_path / 'x.kvmdbg'}\n")
        assert "unsaved" not in screen(app)[0]
        await pilot.press("ctrl+q")
    assert app.return_code == 0


async def test_control_d_leaves_on_an_empty_line() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon", "ctrl+d")
    assert app.return_code == 0


async def test_the_menu_lists_keys_panes_and_themes() -> None:
    app = app_of()
    async with app.run_test(size=SIZE):
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Pane TLB", "Theme okabe-ito"} <= set(titles) and any("step" in title for title in titles)


async def test_the_menu_opens_and_closes() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f2")
        await pilot.pause()
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1


async def test_the_full_prompt_is_refused_where_nothing_can_be_suspended() -> None:
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f8")
        assert "kvmdbg repl" in app.line.message


async def test_a_picture_names_no_font_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_of()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f9")
        svg = (tmp_path / "kvmdbg-0-1.svg").read_text()
        assert "monospace" in svg and "@font-face" not in svg and "Fira" not in svg and "cdn" not in svg.lower()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (100, 30), (60, 15), (40, 10), (39, 9), (10, 3), (1, 1)])
async def test_no_size_is_too_strange(size: tuple[int, int]) -> None:
    app = app_of()
    async with app.run_test(size=size) as pilot:
        await pilot.press("i", "t", "z", "question_mark", "escape", "colon", "s", "tab", "escape", "escape", "tab")
        lines = screen(app)
        assert len(lines) == size[1]
        if size[0] < 40:
            assert size[1] < 3 or "kvmdbg" in lines[0]
        else:
            assert f"{app.session.tape.cursor}/{app.session.tape.end}" in lines[0]


async def test_resizing_rearranges_at_once() -> None:
    app = app_of()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        assert "diff" in app.desk.visible_panes() and any("-8 Diff" in line for line in screen(app))
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        assert app.desk.visible_panes() == ("tlb",)
