"""backtrace, frame, up, down."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import cell, say, session


def test_functions_are_the_kernels() -> None:
    s = session("until flush")
    functions = cell(s, "bt", "function")
    assert functions[-1] == "vcpu_enter_guest ()" and "vmx_flush_tlb ()" in functions
    assert len(cell(s, "bt 2", "function")) == 2 and "More stack frames" in say(s, "bt 2")


def test_frames_are_selected() -> None:
    s = session("until flush")
    assert say(s, "up").startswith("#1 ") and say(s, "up 2").startswith("#3 ") and say(s, "down").startswith("#2 ")
    assert say(s, "frame 0").startswith("#0 ") and say(s, "frame").startswith("#0 ")
    say(s, "up 1000")
    with pytest.raises(UserError, match="you can't go up"):
        s.execute("up")
    s.execute("stepi")
    assert s.frame == 0


def test_mistakes() -> None:
    with pytest.raises(UserError, match="No stack."):
        session().execute("bt")
    s = session("stepi")
    for line in ("down", "frame 99"):
        with pytest.raises(UserError):
            s.execute(line)
