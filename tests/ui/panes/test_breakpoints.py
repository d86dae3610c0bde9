"""The breakpoints pane: breakpoints first, then displays."""

from __future__ import annotations

from kvmdbg.ui.panes.breakpoints import breakpoints, switch
from session_support import session


def test_breakpoints_then_displays() -> None:
    s = session("break flush", "watch vcpu.requests", "disable 2", "display vcpu.vpid")
    found = breakpoints(s)
    assert [row.mark for row in found.rows] == ["B", "x", ""]
    assert found.rows[2].cells[0] == "1" and found.rows[2].cells[-1].startswith("vcpu.vpid = ")
    assert found.title == "Breakpoints / Displays"


def test_without_displays_it_is_the_report() -> None:
    assert breakpoints(session()).note == "No breakpoints or watchpoints."
    assert breakpoints(session("break flush")).title == "Breakpoints"


def test_enter_switches_a_breakpoint_and_leaves_a_display_alone() -> None:
    on, off, shown = breakpoints(session("break flush", "break flush", "disable 2", "display vcpu.vpid")).rows
    assert (switch(on), switch(off), switch(shown)) == ("disable 1", "enable 2", "")
