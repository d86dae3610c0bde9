"""The bar of a long run, in a real terminal and without one."""

from __future__ import annotations

import pytest

from kvmdbg.ui.progress import progress
from ui.pty_harness import Terminal

PROGRAM = """
from kvmdbg.ui.progress import progress
for n in progress(iter(range(40)), 40):
    print("line", n)
    if n == 19:
        input("half")
"""


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(iter("abc"), 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_on_a_terminal_it_grows_and_leaves_nothing_behind() -> None:
    with Terminal(["-c", PROGRAM]) as terminal:
        terminal.wait_for("half")
        assert b"[##############................] 19 of 40" in terminal.raw
        terminal.type("\r")
        terminal.wait_for_exit()
        assert b"[##############################] 40 of 40" in terminal.raw
        assert "of 40" not in terminal.text() and "line 39" in terminal.text()
