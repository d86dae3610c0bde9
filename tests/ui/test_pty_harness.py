"""The program on a real pseudo-terminal: what pilots cannot see (type-ahead, resize, Ctrl-C, colours, the terminal afterwards)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui.pty_harness import ROOT, Terminal

TUI = ("-m", "kvmdbg", "tui")
COLOURS = re.compile(rb"\x1b\[[0-9;:]*(?<![0-9])[34]8[;:]")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A short session."""
    path = tmp_path / "small.kvmdbg"
    path.write_text("map L1 0x400000 0x400000\ninject load 0x400000\n")
    return path


@pytest.fixture
def long_script(tmp_path: Path) -> Path:
    """A session whose guest has long to execute."""
    path = tmp_path / "long.kvmdbg"
    path.write_text("map L1 0x400000 0x400000\nprogram\n" + "load 0x400000\n" * 20_000 + "end\n")
    return path


@pytest.fixture
def tui(script: Path) -> Iterator[Terminal]:
    with Terminal([*TUI, str(script)]) as terminal:
        terminal.wait_for(lambda t: "-Log" in t.text() and "F2 Menu" in t.text())
        yield terminal


def test_lines_typed_ahead_run_in_order(tui: Terminal) -> None:
    tui.type(":stepi 1\rstepi 2\rgo\t #7\rstepi 4\rinfo br\t\r")
    screen = tui.wait_for("No breakpoints or watchpoints.")
    assert " G=11/" in screen
    assert [line for line in tui.lines() if line.startswith("(kvmdbg) ") and len(line) > 9][-1] == "(kvmdbg) info breakpoints"


def test_keys_typed_before_the_first_frame_are_not_lost(script: Path) -> None:
    with Terminal([*TUI, str(script)]) as terminal:
        terminal.wait_for(lambda t: b"\x1b[?1049h" in t.raw)
        terminal.type("iii:stepi 4\r")
        terminal.wait_for(" G=7/")


def test_a_resize_is_followed_at_once(tui: Terminal) -> None:
    tui.resize(120, 40)
    screen = tui.wait_for("-5 Source")
    assert "-4 VMCS" in screen and "-6 Breakpoints" in screen
    tui.resize(50, 12)
    tui.wait_for(lambda t: "Source" not in t.text() and "=3 TLB" in t.text())
    tui.resize(30, 8)
    tui.wait_for("kvmdbg repl")
    tui.resize(80, 24)
    tui.wait_for("-Log")


def test_control_c_stops_a_run_and_leaves_the_session(long_script: Path) -> None:
    with Terminal([*TUI, str(long_script)]) as terminal:
        terminal.wait_for("=3 TLB")
        terminal.type("c")
        terminal.wait_for("RUNNING")
        terminal.type(":abc")
        terminal.wait_for("(kvmdbg) abc")
        terminal.type("\x03")
        terminal.wait_for("INTERRUPTED")
        terminal.type("\x03\x03stepi\r")
        terminal.wait_for("| stepped")


def test_leaving_restores_the_terminal(tui: Terminal) -> None:
    tui.type(":quit 3\r")
    assert tui.wait_for_exit() == 3
    assert tui.restored()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_to_end_restores_the_terminal(tui: Terminal, number: signal.Signals, code: int) -> None:
    tui.child.send_signal(number)
    assert tui.wait_for_exit() == code
    assert tui.restored()


def test_the_interrupt_signal_does_not_end_it(tui: Terminal) -> None:
    tui.child.send_signal(signal.SIGINT)
    tui.type("i")
    tui.wait_for(" G=1/")


def test_suspending_and_coming_back(tui: Terminal) -> None:
    tui.type("\x1a")
    tui.wait_for(lambda t: t.raw.rfind(b"\x1b[?1049l") > t.raw.rfind(b"\x1b[?1049h"))
    os.waitid(os.P_PID, tui.child.pid, os.WSTOPPED)
    tui.child.send_signal(signal.SIGCONT)
    tui.wait_for(lambda t: t.raw.rfind(b"\x1b[?1049h") > t.raw.rfind(b"\x1b[?1049l"))
    tui.wait_until_quiet()
    tui.type("i")
    tui.wait_for(" G=1/")


def test_a_paste_of_several_lines_runs_them_in_order(tui: Terminal) -> None:
    tui.type("\x1b[200~stepi 2\nstepi 3\nwhe\x1b[201~n\r")
    tui.wait_for("#5 of ")


def test_the_full_prompt_and_back(tui: Terminal) -> None:
    tui.type("\x1b[19~")
    tui.wait_for("Ctrl-D leaves")
    tui.wait_until_quiet()
    tui.type("stepi 6\r")
    tui.wait_for("#6 ")
    tui.wait_until_quiet()
    tui.type("\x04")
    tui.wait_for(" G=6/")
    tui.wait_until_quiet()
    tui.resize(120, 40)
    tui.wait_for("-5 Source")


def test_without_colours_not_one_colour_code_is_written(script: Path) -> None:
    with Terminal([*TUI, str(script)], environment={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("-Log")
        terminal.type("c:break flush\rstep\t")
        terminal.wait_for("stepi")
        terminal.type("\x1bOQ")
        terminal.wait_until_quiet()
        terminal.type("\x1b")
        terminal.wait_until_quiet()
        assert COLOURS.search(terminal.raw) is None
        terminal.type("\x03quit\r")
        terminal.wait_for_exit()
        assert COLOURS.search(terminal.raw) is None and terminal.restored()


def test_with_colours_there_are_some(tui: Terminal) -> None:
    assert COLOURS.search(tui.raw) is not None


def test_a_dumb_terminal_gets_a_message_and_exit_2(script: Path) -> None:
    with Terminal([*TUI, str(script)], environment={"TERM": "dumb"}) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "TERM" in terminal.text() and b"\x1b" not in terminal.raw


def test_without_a_terminal_there_is_a_message_and_exit_2(script: Path) -> None:
    done = subprocess.run([sys.executable, *TUI, str(script)], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("kvmdbg") and done.stderr.count("\n") == 1 and "\x1b" not in done.stderr


def test_an_unreadable_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with Terminal([*TUI, str(tmp_path / "none.kvmdbg")]) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "no such file" in terminal.text() and b"\x1b" not in terminal.raw


def test_a_script_that_fails_in_the_middle_opens_with_what_went_well(tmp_path: Path) -> None:
    path = tmp_path / "broken.kvmdbg"
    path.write_text("map L1 0x400000 0x400000\ninjekt load 0x400000\ninject load 0x400000\n")
    with Terminal([*TUI, str(path)]) as terminal:
        terminal.wait_for("Undefined command")
        terminal.type(":quit\r")
        assert terminal.wait_for_exit() == 0 and terminal.restored()


def test_the_harness_tells_a_terminal_that_was_not_restored() -> None:
    program = "import sys, tty; tty.setraw(0); sys.stdout.write('\\x1b[?1049h\\x1b[?25lx'); sys.stdout.flush()"
    with Terminal(["-c", program]) as terminal:
        terminal.wait_for_exit()
        assert not terminal.restored()


def test_the_harness_shows_the_screen_that_never_came() -> None:
    with Terminal(["-c", "print('only this')"]) as terminal, pytest.raises(AssertionError, match="only this"):
        terminal.wait_for("something else", patience=1)
