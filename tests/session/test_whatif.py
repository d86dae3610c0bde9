"""What a re-run is compared in."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import whatif
from kvmdbg.session.grid import DIFFERS
from session.reruns import two_spaces
from session_support import say, session, text


def test_a_flush_left_out_shows_the_forbidden_use_and_the_expectation_that_fails() -> None:
    s = two_spaces("goto again", "until flush:invvpid")
    cursor, digest, entries = s.tape.cursor, s.tape.digest(), list(s.tape.entries)
    grid = whatif.skip(s)
    rows = {row.cells[0]: row for row in grid.rows}
    assert rows["forbidden uses"].cells[1] == "0" and rows["forbidden uses"].cells[2].startswith("1: ")
    assert rows["expectation"].cells[2] == "expected cpu0.rax == 7: cpu0.rax is 6"
    assert rows["access"].mark == DIFFERS and rows["access"].cells[1] != rows["access"].cells[2]
    assert grid.note.startswith(f"Left out: #{cursor} ") and "INVVPID single-context vpid 2" in grid.note
    assert (s.tape.cursor, s.tape.digest()) == (cursor, digest)
    assert s.tape.entries == entries


def test_a_request_left_out() -> None:
    s = two_spaces("goto again", "until req:TLB_FLUSH_GUEST raised")
    grid = whatif.skip(s)
    assert "KVM_REQ_TLB_FLUSH_GUEST raised" in grid.note
    assert any(row.cells[0] == "request TLB_FLUSH_GUEST" for row in grid.rows)
    assert any(row.cells[0] == "forbidden uses" for row in grid.rows)


def test_nothing_lies_ahead() -> None:
    with pytest.raises(UserError, match="lies ahead"):
        whatif.skip(two_spaces())


def test_another_kernel() -> None:
    s = two_spaces()
    digest, words = s.tape.digest(), list(s.words)
    grid = whatif.kernel(s, "v4.4")
    assert grid.title == "What if it were v4.4"
    assert any(row.cells[0].startswith("flush invvpid") for row in grid.rows)
    assert (s.kernel, s.tape.digest(), s.words) == ("v6.12", digest, words)
    assert whatif.kernel(s, "v6.12").note == "Nothing differs."
    with pytest.raises(UserError):
        whatif.kernel(s, "v9.9")


def test_which_flushes_a_session_needs() -> None:
    s = two_spaces()
    digest, end = s.tape.digest(), s.tape.end
    grid = whatif.skip_each(s, 0, end)
    needed = [row for row in grid.rows if row.mark]
    assert grid.title == f"What if each flush were left out: 1 of {len(grid.rows)} are needed" and len(grid.rows) > 3
    assert needed[0].cells[1] == "INVVPID single-context vpid 2" and "forbidden use of the combined mapping" in needed[0].cells[5]
    assert whatif.skip_each(s, needed[0].key + 1, end).rows == tuple(row for row in grid.rows if row.key > needed[0].key)
    assert (s.tape.digest(), s.tape.end) == (digest, end)
    assert "flushed nothing" in whatif.skip_each(s, 0, 1).note


def test_a_flush_may_be_needed_by_an_expectation_alone() -> None:
    s = session("inject nop", "expect count(\"flush:invept\") == 2", kernel="v6.12")
    grid = whatif.skip_each(s, 0, s.tape.end)
    assert len(grid.rows) == 2 and all("expected count" in row.cells[5] for row in grid.rows)


def test_the_state_is_compared_without_ages() -> None:
    s = two_spaces()
    say(s, "goto start")
    assert "fills" not in text(whatif.kernel(s, "v4.3"))
