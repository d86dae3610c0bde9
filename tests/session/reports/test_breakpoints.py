"""`info breakpoints`."""

from __future__ import annotations

from kvmdbg.session.breakpoints import BREAK, DELETE, WATCH
from kvmdbg.session.reports.breakpoints import breakpoints, watchpoints
from looking import looking


def test_each_is_a_row_as_in_gdb() -> None:
    s = looking()
    s.breakpoints.add(s.kvm, BREAK, "flush:single-context", condition="vpid == 2")
    s.breakpoints.add(s.kvm, WATCH, "vcpu0.requests", disposition=DELETE)
    s.breakpoints[1].enabled = False
    s.breakpoints[1].ignore = 3
    first, second = breakpoints(s).rows
    assert first.cells == ("1", "breakpoint", "keep", "n", "0", "flush:single-context if vpid == 2  ignore next 3 hits")
    assert (first.mark, second.mark) == ("x", "B")
    assert second.cells[:4] == ("2", "watchpoint", "del", "y")
    assert [row.key for row in watchpoints(s).rows] == [2]


def test_none() -> None:
    assert breakpoints(looking()).note == "No breakpoints or watchpoints."
