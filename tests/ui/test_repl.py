"""The prompt, on a real terminal and with piped keys."""

from __future__ import annotations

import io
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from kvmdbg.session.session import Session
from kvmdbg.ui.repl import bare_line, carry_out, position, prompt_loop, toolbar
from ui.pty_harness import Terminal

NO_CURSOR_REPORTS = {"PROMPT_TOOLKIT_NO_CPR": "1"}


def prompt(*arguments: str, **environment: str) -> Terminal:
    return Terminal(["-m", "kvmdbg", "repl", *arguments], 100, 30, NO_CURSOR_REPORTS | environment)


# -- with piped keys -------------------------------------------------------------------------------------------------


async def typed(session: Session, keys: str) -> int:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        return await prompt_loop(session)


async def test_lines_are_executed_in_order_and_quit_ends_with_its_code(capsys: pytest.CaptureFixture[str],
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMDBG_HISTORY", "")
    session = Session(interactive=True)
    assert await typed(session, "set $x = 5\rset $x = $x + 2\rnosuch\rquit 3\r") == 3
    assert session.variables["x"] == 7


async def test_the_end_of_input_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMDBG_HISTORY", "")
    assert await typed(Session(interactive=True), "\x04") == 0


async def test_an_error_is_printed_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(interactive=True)
    assert await carry_out(session, "inject foo") is None
    assert session.tape.end == 0
    assert "foo" in capsys.readouterr().out


async def test_an_interrupt_stops_a_motion_where_it_has_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(interactive=True)
    pumped = session.pump

    def interrupted(budget: int = 0) -> Any:
        signal.raise_signal(signal.SIGINT)
        return pumped(1)

    monkeypatch.setattr(session, "pump", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert await carry_out(session, "continue") is None
    assert session.last_stop is not None and session.last_stop.reason == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


async def test_ctrl_c_counts_as_soon_as_the_bare_prompt_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def write(self, text: str) -> int:
            if "(kvmdbg)" in text:
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    others: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: others.append(number))
    try:
        monkeypatch.setattr(sys, "stdout", Screen())
        with pytest.raises(KeyboardInterrupt):
            await bare_line("(kvmdbg) ")
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert others == [signal.SIGINT]                # the second one: the handler is back


async def test_ctrl_c_between_two_lines_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMDBG_HISTORY", "")
    session = Session(interactive=True)
    told = session.drop_block
    monkeypatch.setattr(session, "drop_block", lambda: (signal.raise_signal(signal.SIGINT), told()))
    assert await typed(session, "\x03quit 6\r") == 6


def test_the_toolbar_says_where_one_stands_or_what_is_wrong() -> None:
    session = Session()
    session.execute("inject cpuid")
    assert position(session).startswith(f"#{session.tape.cursor}/{session.tape.end}  v6.12  vcpu0 L1")
    assert "Undefined" in toolbar(session, "nosuch word")[0][1]
    assert "v6.12" in toolbar(session, "nosu")[0][1]


# -- on a terminal ---------------------------------------------------------------------------------------------------


def test_a_session_by_hand() -> None:
    with prompt() as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("inject load 0x5000\r")
        terminal.wait_for("waits for an instruction")
        terminal.type("print level\r")
        terminal.wait_for("$1 = 1")
        terminal.type("foo\r")
        terminal.wait_for('Undefined command: "foo"')
        terminal.type("\x04")
        assert terminal.wait_for_exit() == 0
        assert terminal.restored()


def test_lines_typed_ahead_are_all_executed_in_order() -> None:
    with prompt() as terminal:
        terminal.type("set $x = 1\rset $x = $x * 10 + 2\rset $x = $x * 10 + 3\rfoo\rprint $x\rquit 4\r")
        assert terminal.wait_for_exit() == 4
        assert "$1 = 123" in terminal.text()


def test_keys_typed_ahead_while_a_line_runs_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "long.kvmdbg"
    path.write_text("program\n" + "cpuid\n" * 2_000 + "end\n")
    with prompt(str(path)) as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("continue\r")
        time.sleep(0.3)
        terminal.type("apr\t bookmark\r\x04")
        assert terminal.wait_for_exit() == 0
        assert "apropos bookmark" in terminal.text()
        assert terminal.restored()


def test_tab_completes_and_the_grey_rest_comes_from_the_history() -> None:
    with prompt() as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("apr\t bookmark\r")
        terminal.wait_for("apropos bookmark")
        terminal.type("apr")
        terminal.wait_until_quiet()
        terminal.type("\x1b[C\r")
        terminal.wait_until_quiet()
        assert "Undefined" not in terminal.text()
        terminal.type("quit\r")
        assert terminal.wait_for_exit() == 0


def test_ctrl_c_drops_the_line_and_stops_a_motion_but_never_leaves(tmp_path: Path) -> None:
    path = tmp_path / "long.kvmdbg"
    path.write_text("program\n" + "cpuid\n" * 50_000 + "end\n")
    with prompt(str(path)) as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("nonsense\x03")
        terminal.wait_until_quiet()
        terminal.type("print 5\r")
        terminal.wait_for("$1 = 5")
        assert "Undefined" not in terminal.text()
        terminal.type("continue\r")
        time.sleep(0.5)
        terminal.type("\x03")
        terminal.wait_for("Interrupted")
        terminal.type("quit\r")
        assert terminal.wait_for_exit() == 0
        assert terminal.restored()


def test_a_block_asks_for_more_lines() -> None:
    with prompt() as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("define two\r")
        terminal.wait_for("\n>")
        terminal.type("print 1 + 1\rend\rtwo\r")
        terminal.wait_for("$1 = 2")
        terminal.type("quit\r")
        assert terminal.wait_for_exit() == 0


def test_no_color_means_none_at_all() -> None:
    with prompt(NO_COLOR="1") as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("print 0x10 # comment\r")
        terminal.wait_for("$1 = 16")
        terminal.type("\x04")
        terminal.wait_for_exit()
        assert not re.search(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]", terminal.raw)


def test_a_terminal_that_cannot_address_its_cursor() -> None:
    with prompt(TERM="dumb") as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("print 6\r")
        terminal.wait_for("$1 = 6")
        terminal.type("quit\r")
        assert terminal.wait_for_exit() == 0
        assert b"\x1b" not in terminal.raw


def test_ctrl_c_on_a_terminal_that_cannot_address_its_cursor() -> None:
    with prompt(TERM="dumb") as terminal:
        terminal.wait_for("(kvmdbg)")
        terminal.type("non\x03")
        terminal.wait_for("^C\n(kvmdbg)")
        terminal.type("print 6\r")
        terminal.wait_for("$1 = 6")
        terminal.type("\x04")
        assert terminal.wait_for_exit() == 0
