"""diff."""

from __future__ import annotations

from session_support import L2, cell, say, session


def test_fields_and_requests_between_two_positions() -> None:
    s = session("stepi 5")
    what = cell(s, "diff start", "what")
    assert "vcpu0.requests" in what
    assert "TLB_FLUSH made" in say(s, "diff start")


def test_rows_of_the_tlb_come_first_with_their_marks() -> None:
    s = session("map L1 0x400000 0x5000", "bookmark a", "inject load 0x400000", "bookmark b", "inject invlpg 0x400000")
    filled, gone = say(s, "diff a b"), say(s, "diff b")
    assert filled.startswith("+ | tlb0 combined") and gone.startswith("- | tlb0 combined")
    assert say(s, "diff b a").startswith("- | tlb0 combined")


def test_nothing_differs() -> None:
    assert say(session(*L2), "diff 5 5") == "Nothing differs."
