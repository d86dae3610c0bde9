"""The words of the status line."""

from __future__ import annotations

import pytest

from kvmdbg.ui.tui.status import REASONS, reason, status_lines
from session_support import FORBIDDEN_IN_L2, LOSES_FLUSHES, say, session

RAN = ("map L1 0x400000 0x400000", "inject load 0x400000")


def test_the_same_in_shorter_and_shorter_words() -> None:
    lines = status_lines(session(*RAN, kernel="v6.12"), "/somewhere/nested.kvmdbg", False)
    assert [len(line) for line in lines] == sorted((len(line) for line in lines), reverse=True)
    assert "<nested.kvmdbg>" in lines[0] and "<nested>" in lines[2] and all("v6.12 " in line for line in lines)
    assert "vcpu0 L1 GUEST" in lines[0]


def test_without_a_file_there_is_no_name() -> None:
    assert "<" not in status_lines(session(), "", False)[0]


def test_while_something_runs_it_says_how_to_stop_it() -> None:
    assert all(line.endswith("RUNNING, ^C stops") for line in status_lines(session(), "", True))


def test_a_breakpoint_is_named_even_after_it_was_deleted() -> None:
    s = session(*RAN, "goto start", "break flush", "continue")
    assert reason(s) == "STOP bp1 flush"
    say(s, "delete 1")
    assert reason(s) == "STOP bp1 deleted"


@pytest.mark.parametrize(("line", "words"), [
    ("goto #5", "goto"), ("reverse-continue", "start"), ("stepi", "step"), ("continue", "waiting")])
def test_why_the_cursor_stands_here(line: str, words: str) -> None:
    s = session(*RAN, "goto #9", line)
    assert reason(s) == REASONS[words]


def test_a_forbidden_use_is_a_stop_of_its_own() -> None:
    assert reason(session(*FORBIDDEN_IN_L2, "inject load 0x800000", kernel=LOSES_FLUSHES)) == "STOP forbidden use"


def test_before_anything_happened_it_is_ready() -> None:
    assert reason(session()) == "ready"
