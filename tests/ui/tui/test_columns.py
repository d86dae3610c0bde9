"""Columns: what is dropped, what is cut, what is scrolled."""

from __future__ import annotations

from kvmdbg.session.grid import Row, columns
from kvmdbg.ui.tui.columns import fit, line, widths_of

COLUMNS = columns("vpid>", "gva", "hpa/2", "pcid>/1", "kind")
ROW = Row(("3", "00402000", "1f012000", "1", "combined"))
WIDTHS = widths_of(COLUMNS, [ROW])


def names(room: int, first: int = 0) -> list[str]:
    return [COLUMNS[index].name for index, _ in fit(COLUMNS, WIDTHS, room, first).shown]


def test_widths_follow_names_and_cells_and_never_shrink() -> None:
    assert WIDTHS == (4, 8, 8, 4, 8)
    assert widths_of(COLUMNS, [], at_least=WIDTHS) == WIDTHS
    assert widths_of(COLUMNS, [ROW], header=False)[0] == 1


def test_everything_is_shown_when_there_is_room() -> None:
    assert names(36) == ["vpid", "gva", "hpa", "pcid", "kind"]
    assert not fit(COLUMNS, WIDTHS, 36).right


def test_the_highest_priority_number_is_dropped_first() -> None:
    assert names(35) == ["vpid", "gva", "pcid", "kind"]
    assert names(26) == ["vpid", "gva", "kind"]
    assert fit(COLUMNS, WIDTHS, 26).right


def test_priority_zero_is_cut_and_says_so() -> None:
    fitted = fit(COLUMNS, WIDTHS, 19)
    assert fitted.shown == ((0, 4), (1, 8), (4, 5)) and fitted.right
    assert line(ROW.cells, COLUMNS, fitted.shown) == "   3 00402000 comb>"


def test_a_long_text_at_the_end_is_cut_before_a_column_is_dropped() -> None:
    wide = columns("id", "cr3/1", "what")
    row = Row(("0", "2000", "vcpu_enter_guest() services its requests"))
    assert [width for _, width in fit(wide, widths_of(wide, [row]), 24).shown] == [2, 4, 16]


def test_scrolling_right_shows_what_was_dropped() -> None:
    assert names(20, first=2) == ["hpa", "pcid", "kind"]
    assert fit(COLUMNS, WIDTHS, 20, first=2).left
    assert names(8, first=99) == ["kind"]


def test_an_empty_column_takes_no_room() -> None:
    bare = columns("a", "b")
    row = Row(("", "x"))
    assert fit(bare, widths_of(bare, [row], header=False), 10).shown == ((1, 1),)


def test_numbers_are_cut_only_when_nothing_is_left_to_drop_and_keep_their_last_digits() -> None:
    three = columns("field", "vmcs01>", "vmcs12>", "note/1")
    row = Row(("HOST_RIP", "ffffffff81000000", "ffffffff81000010", "was 0"))
    shown = fit(three, widths_of(three, [row]), 36).shown
    assert [width for index, width in shown] == [8, 16, 10]
    assert line(row.cells, three, shown) == "HOST_RIP ffffffff81000000 <f81000010"


def test_a_column_that_may_be_dropped_and_has_nothing_in_it_takes_no_room() -> None:
    two = columns("field", "note/1")
    assert widths_of(two, [Row(("GUEST_RIP", ""))]) == (9, 0)
    assert widths_of(columns("field", "note"), [Row(("GUEST_RIP", ""))]) == (9, 4)


def test_no_room_at_all_is_no_error() -> None:
    assert line(ROW.cells, COLUMNS, fit(COLUMNS, WIDTHS, 0).shown) in ("", ">")
