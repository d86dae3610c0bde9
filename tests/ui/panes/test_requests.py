"""The requests pane."""

from __future__ import annotations

from kvmdbg.session import reports
from kvmdbg.ui.panes.requests import requests
from session_support import say, session


def test_it_is_the_report_and_marks_what_is_pending() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000", kernel="v6.12")
    say(s, "goto start", "until req:TLB_FLUSH raised", "step", "step")
    assert requests(s) == reports.REPORTS["requests"](s)
    assert [row.cells[1] for row in requests(s).rows if row.mark] == ["TLB_FLUSH"]
