"""diff."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.grid import Grid
from kvmdbg.session.results import parts
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


def test_two_kernels() -> None:
    s = session()
    assert "5c614b3583e7 | v4.4" in say(s, "diff kernel v4.3 v4.4")
    assert "2b4a5a5d5688" in say(s, "diff kernel v6.12 | v6.12 -2b4a5a5d5688")
    assert say(s, "diff kernel v4.3").startswith("- | 089d7b6ec515") or "- | 5c614b3583e7" in say(s, "diff kernel v4.3")


@pytest.mark.parametrize(("line", "message"), [("diff", "POSITION is missing"), ("diff kernel", "no kernel was named"),
                                               ("diff kernel v4.3 v4.4 v5.7", "are too many"), ("diff kernel v9 v4.4", "known")])
def test_mistakes(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        session().execute(line)


def test_completion() -> None:
    s = session("bookmark kept")
    assert [one.text for one in s.completions("diff k")] == ["kernel", "kept"]
    assert ("v4.4", 17) in [(one.text, one.start) for one in s.completions("diff kernel v4.3 v4.4")]


def test_completion_offers_kernels_or_positions() -> None:
    s = session("stepi 5")
    assert {"kernel", "start", "end"} == {one.text for one in s.completions("diff ")}
    second = [(one.text, one.start) for one in s.completions("diff kernel v4.3 ")]
    assert ("v4.4", 17) in second and "start" not in dict(second)
    positions = [one.text for one in s.completions("diff start ")]
    assert "end" in positions and len(positions) == len(set(positions))


def test_two_kernels_are_as_wide_as_the_screen_unless_one_says_otherwise() -> None:
    s = session()

    def widest() -> int:
        found = [part for part in parts(s.execute("diff kernel v4.3 v4.4")) if isinstance(part, Grid) and part.title.endswith("()")]
        assert found
        return max(len(cell) for part in found for row in part.rows for cell in (*row.cells, *(one.name for one in part.columns)))

    unlimited = widest()
    s.columns = 80
    assert 30 < widest() <= 40 < unlimited
    s.execute("set width 60")
    assert widest() <= 30
