"""Changes are a fold over a tape range, in both directions."""

from __future__ import annotations

from kvmdbg.session.changes import changes, fold, same
from kvmdbg.tape import ABSENT, Record, Table, Tape


class Pair(Record):
    __slots__ = ("left", "right")
    left: int
    right: int


def written() -> tuple[Tape, Pair, Table[str, int]]:
    """#0 left 1, #1 t[a]=5, #2 left 2, #3 left 0 again, #4 t[a]=6, #5 del t[a]."""
    tape = Tape()
    pair, table = Pair(tape, "pair", left=0, right=0), Table[str, int](tape, "t")
    pair.left = 1
    table["a"] = 5
    pair.left = 2
    pair.left = 0
    table["a"] = 6
    del table["a"]
    return tape, pair, table


def test_a_cell_that_came_back_to_its_value_has_not_changed() -> None:
    tape, pair, _ = written()
    assert not fold(tape.entries, 0, 4).has(pair, "left")
    assert fold(tape.entries, 0, 3).then(pair, "left", 2) == 0


def test_what_appeared_was_absent() -> None:
    tape, _, table = written()
    found = fold(tape.entries, 0, 5)
    assert found.then(table, "a", 6) is ABSENT
    assert found.keys(table) == ["a"]
    assert found.touched(table)


def test_going_back_sees_the_later_values_as_the_old_ones() -> None:
    tape, pair, table = written()
    found = fold(tape.entries, 3, 1)
    assert found.then(pair, "left", 1) == 2
    assert found.then(table, "a", ABSENT) == 5


def test_an_unchanged_cell_says_what_it_is_now() -> None:
    tape, pair, _ = written()
    found = fold(tape.entries, 0, 1)
    assert found.then(pair, "right", 0) == 0
    assert not found.has(pair, "right")


def test_the_answer_is_kept_until_the_cursor_or_the_tape_moves() -> None:
    tape, pair, _ = written()
    first = changes(tape, 0)
    assert changes(tape, 0) is first
    tape.seek(1)
    tape.cut()
    pair.left = 9
    assert changes(tape, 0) is not first
    assert changes(tape, 0).then(pair, "left", 9) == 0


def test_a_position_that_was_cut_off_counts_as_the_end() -> None:
    tape, pair, _ = written()
    tape.seek(2)
    tape.cut()
    assert not changes(tape, 6).touched(pair)


def test_true_is_not_one() -> None:
    assert not same(True, 1)
    assert not same(ABSENT, 0)
    assert same(0, 0)
