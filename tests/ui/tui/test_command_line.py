"""The command line on the screen: the line, its menu, what scrolls."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from kvmdbg.ui.tui.command_line import CommandLine
from line_support import Proposed, Speaker, make_line, press, type_in


class Stage(App[None]):
    CSS = "CommandLine { width: 1fr; height: 1fr; }"

    def __init__(self, line: CommandLine) -> None:
        super().__init__()
        self.line = line

    def compose(self) -> ComposeResult:
        yield self.line


@pytest.fixture
def line() -> CommandLine:
    return make_line()


async def test_how_it_looks(line: CommandLine) -> None:
    async with Stage(line).run_test(size=(40, 4)):
        type_in(line, "st")
        press(line, "tab")
        rows = [line.render_line(y).text for y in range(4)]
        assert rows[2] == " stepi  does stepi".ljust(40)
        assert rows[3] == "(kvmdbg) step".ljust(40)
        line.say("Undefined command.")
        assert line.render_line(2).text.strip() == "Undefined command."
        press(line, "ctrl+r")
        type_in(line, "go")
        assert line.render_line(3).text.strip() == "(reverse-i-search)`go': goto #12"


async def test_a_long_line_scrolls_with_its_cursor(line: CommandLine) -> None:
    async with Stage(line).run_test(size=(20, 1)):
        type_in(line, "goto 0123456789abcdef")
        assert line.render_line(0).text == "(kvmdbg) 6789abcdef "
        press(line, "home")
        assert line.render_line(0).text == "(kvmdbg) goto 012345"


async def test_without_the_keys_it_says_how_to_get_there(line: CommandLine) -> None:
    async with Stage(line).run_test(size=(40, 1)):
        line.activate(False)
        assert line.render_line(0).text.strip() == "(kvmdbg) : types a command"


async def test_a_long_menu_shows_where_one_is(line: CommandLine) -> None:
    class Many(Speaker):
        def completions(self, text: str, cursor: int | None = None) -> list[Proposed]:
            return [Proposed(f"word{n:02}", 0, "") for n in range(20)]

    line.completer.session = Many()
    async with Stage(line).run_test(size=(40, 9)):
        press(line, "tab")
        assert line.rows_wanted() == 9
        assert line.render_line(0).text == " word00" + "1/20 ".rjust(33)
        press(line, "shift+tab")
        assert line.render_line(7).text == " word19" + "20/20 ".rjust(33)
