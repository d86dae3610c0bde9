"""The path pane."""

from __future__ import annotations

from kvmdbg.ui.panes import all_panes
from kvmdbg.ui.panes.path import path
from session_support import session


def test_it_is_the_backtrace() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000", "goto start", "until flush")
    found = path(s)
    assert found.rows[0].mark == ">" and found.title == "Path"
    assert found.column("function")[-1] == "vcpu_load ()" or len(found.rows) > 2


def test_between_two_actions_there_is_none() -> None:
    assert path(session()).note.startswith("No stack.")


def test_enter_selects_the_frame() -> None:
    spec = next(spec for spec in all_panes() if spec.name == "path")
    s = session("map L1 0x400000 0x400000", "inject load 0x400000", "goto start", "until flush")
    assert spec.choose is not None and spec.choose(path(s).rows[1]) == "frame 1"
