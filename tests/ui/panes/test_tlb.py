"""The TLB pane."""

from __future__ import annotations

from kvmdbg.session import reports
from kvmdbg.ui.panes.tlb import tlb
from session_support import session


def test_it_is_the_report_grouped_by_vpid() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    assert tlb(s) == reports.REPORTS["tlb"](s)
    tags = tlb(s).column("tag")
    assert tags[0] == "vpid01" and tags == tuple(sorted(tags, key=lambda tag: tag.startswith("EPT")))


def test_without_entries_it_says_so() -> None:
    assert tlb(session()).note == "No cached translations."
