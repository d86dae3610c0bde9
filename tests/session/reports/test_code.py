"""info code."""

from __future__ import annotations

from session_support import say, session


def test_it_lists_each_level_by_address() -> None:
    s = session("code L2 0x2000", "pause", "end", "code L1 0x3000", "vmcall", "nop", "end")
    assert [line.replace("|", " ").split() for line in say(s, "info code").splitlines() if " L" in line] \
        == [["L1", "3000", "vmcall", "3"], ["L1", "3003", "nop", "1"], ["L2", "2000", "pause", "2"]]


def test_no_code() -> None:
    assert "no code at addresses" in say(session(), "info code")
