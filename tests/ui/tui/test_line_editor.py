"""Editing the command line: keys in order, completion, history, suggestion, search, killing and yanking."""

from __future__ import annotations

import pytest

from kvmdbg.ui.tui.command_line import CommandLine
from kvmdbg.ui.tui.line_editor import EDITED, END, LEAVE, SUBMIT, UNKNOWN
from line_support import make_line, press, type_in


@pytest.fixture
def line() -> CommandLine:
    return make_line()


def test_enter_takes_and_clears_in_one_go(line: CommandLine) -> None:
    lines = []
    for text in ("step 1", "step 2", "step 3"):
        type_in(line, text)
        lines.append(line.key("enter", "\r"))
    assert lines == [(SUBMIT, "step 1"), (SUBMIT, "step 2"), (SUBMIT, "step 3")]
    assert line.text == ""


def test_an_empty_line_is_submitted_too(line: CommandLine) -> None:
    assert line.key("enter", "\r") == (SUBMIT, "")


def test_escape_closes_the_menu_first_then_leaves(line: CommandLine) -> None:
    type_in(line, "ste")
    press(line, "tab")
    assert line.rows_wanted() > 1
    assert line.key("escape", "\x1b").kind == EDITED and line.rows_wanted() == 1
    assert line.key("escape", "\x1b").kind == LEAVE


def test_control_d_ends_on_an_empty_line_and_deletes_elsewhere(line: CommandLine) -> None:
    assert line.key("ctrl+d", "\x04").kind == END
    type_in(line, "ab")
    press(line, "home", "ctrl+d")
    assert line.text == "b"


def test_an_unknown_key_is_the_programs_business(line: CommandLine) -> None:
    assert line.key("f7", None).kind == UNKNOWN
    assert line.key("ctrl+o", "\x0f").kind == UNKNOWN


def test_tab_completes_what_is_clear_and_opens_a_menu_for_the_rest(line: CommandLine) -> None:
    type_in(line, "g")
    press(line, "tab")
    assert line.text == "goto" and line.rows_wanted() == 1
    press(line, "ctrl+u")
    type_in(line, "s")
    press(line, "tab")
    assert line.text == "step" and line.rows_wanted() == 2
    press(line, "tab")
    assert line.text == "stepi"
    assert line.key("enter", "\r") == (SUBMIT, "stepi")


def test_the_menu_is_walked_both_ways_and_follows_typing(line: CommandLine) -> None:
    type_in(line, "in")
    press(line, "tab", "tab")
    assert line.text == "inject"
    press(line, "down")
    assert line.text == "info"
    press(line, "shift+tab")
    assert line.text == "inject"
    press(line, "ctrl+u")
    type_in(line, "i")
    press(line, "tab")
    type_in(line, "f")
    assert line.rows_wanted() == 2


def test_nothing_to_complete_says_so_until_the_next_key(line: CommandLine) -> None:
    type_in(line, "xyz")
    press(line, "tab")
    assert line.message == "no completion" and line.rows_wanted() == 2
    press(line, "left")
    assert line.rows_wanted() == 1


def test_history_goes_back_by_prefix(line: CommandLine) -> None:
    press(line, "up", "up")
    assert line.text == "goto #12"
    press(line, "down")
    assert line.text == "step 3"
    press(line, "ctrl+u")
    line.cancel()
    type_in(line, "in")
    press(line, "ctrl+p")
    assert line.text.startswith("inject vcpu0")


def test_a_line_is_in_the_history_at_once(line: CommandLine) -> None:
    type_in(line, "goto #7")
    press(line, "enter", "up")
    assert line.text == "goto #7"


def test_the_suggestion_is_taken_by_right(line: CommandLine) -> None:
    type_in(line, "got")
    assert line.suggestion() == "o #12"
    press(line, "right")
    assert line.text == "goto #12" and line.suggestion() == ""
    press(line, "ctrl+a", "right")
    assert line.buffer.cursor_position == 1


def test_incremental_search(line: CommandLine) -> None:
    press(line, "ctrl+r")
    type_in(line, "single")
    assert line.text.startswith("inject")
    assert line.key("enter", "\r") == (SUBMIT, "inject vcpu0 invvpid single-context 9")
    press(line, "ctrl+r")
    type_in(line, "to")
    assert line.text == "goto #12"
    press(line, "backspace", "ctrl+g")
    assert line.text == ""
    press(line, "ctrl+r")
    type_in(line, "step")
    press(line, "escape")
    assert line.text == "step 3" and line.key("escape", "\x1b").kind == LEAVE


def test_search_goes_on_to_older_lines(line: CommandLine) -> None:
    type_in(line, "step 4")
    press(line, "enter", "ctrl+r")
    type_in(line, "step")
    assert line.text == "step 4"
    press(line, "ctrl+r")
    assert line.text == "step 3"


def test_killing_and_yanking(line: CommandLine) -> None:
    type_in(line, "inject vcpu0 mov")
    press(line, "ctrl+w")
    assert line.text == "inject vcpu0 "
    press(line, "ctrl+y", "ctrl+a", "ctrl+right", "ctrl+k")
    assert line.text == "inject"
    press(line, "ctrl+y")
    assert line.text == "inject vcpu0 mov"
    press(line, "alt+y")
    assert line.text == "injectmov"
    press(line, "ctrl+u")
    assert line.text == ""


def test_words_are_moved_over_and_killed(line: CommandLine) -> None:
    type_in(line, "break flush if")
    press(line, "alt+b", "alt+b", "alt+d")
    assert line.text == "break  if"
    press(line, "ctrl+e", "alt+backspace")
    assert line.text == "break  "
    press(line, "home", "ctrl+w")
    assert line.text == "break  "


def test_letters_in_a_row_are_undone_together(line: CommandLine) -> None:
    type_in(line, "goto")
    press(line, "ctrl+w", "ctrl+underscore")
    assert line.text == "goto"
    press(line, "ctrl+underscore")
    assert line.text == ""


def test_the_last_argument_of_the_line_before(line: CommandLine) -> None:
    type_in(line, "goto ")
    press(line, "f4")
    assert line.text == "goto 3"


def test_swapping_letters(line: CommandLine) -> None:
    type_in(line, "setp")
    press(line, "left", "ctrl+t")
    assert line.text == "step"


def test_a_paste_submits_its_lines_in_order(line: CommandLine) -> None:
    type_in(line, "st")
    assert line.paste("ep 1\r\nstep 2\nst\tep") == ["step 1", "step 2"]
    assert line.text == "st ep"


def test_a_refused_line_is_mended_or_replaced(line: CommandLine) -> None:
    line.refuse("fooo bar")
    press(line, "backspace")
    assert line.text == "fooo ba" and not line.refused
    line.refuse("fooo bar")
    type_in(line, "st")
    assert line.text == "st"


def test_cancel_drops_the_line(line: CommandLine) -> None:
    type_in(line, "step")
    assert line.cancel() and line.text == "" and not line.cancel()
