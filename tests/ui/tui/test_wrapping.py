"""Wrapping."""

from __future__ import annotations

from kvmdbg.ui.tui.wrapping import wrap


def test_wrapping_breaks_at_blanks_and_indents_what_continues() -> None:
    assert wrap("vcpu0 executes MOV CR3", 14) == ["vcpu0 executes", "    MOV CR3"]
    assert wrap("a" * 20, 8) == ["aaaaaaaa", "    aaaa", "    aaaa", "    aaaa"]
    assert wrap("", 8) == [""]
    assert wrap("one\ntwo", 8) == ["one", "two"]
    assert all(len(row) <= 9 for row in wrap("the quick brown fox jumps over it", 9))


def test_a_pane_of_no_width_is_no_error() -> None:
    assert wrap("abc", 0) == [""]
    assert wrap("abc", 3) == ["abc"]


def test_an_absurdly_long_line_is_cut_and_counted() -> None:
    rows = wrap("x" * 1_000_000, 80)
    assert len(rows) < 100 and rows[-1].strip().endswith("more characters")
