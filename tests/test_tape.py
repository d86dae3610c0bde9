"""The tape: ordinary assignments and events in one order, back and forth."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmdbg.errors import ModelBug
from kvmdbg.tape import ABSENT, Record, Table, Tape


class Point(Record):
    """A record for these tests."""

    __slots__ = ("x", "y")
    x: int
    y: int


class Moved(NamedTuple):
    """An event for these tests."""

    by: int


def new_machine() -> tuple[Tape, Point, Table[int, str]]:
    tape = Tape()
    return tape, Point(tape, "point", x=1, y=2), Table[int, str](tape, "names")


def test_an_assignment_is_one_entry_and_a_change_of_state() -> None:
    tape, point, _ = new_machine()
    point.x = 5
    assert tape.entries == [(point, "x", 1, 5)]
    assert (point.x, tape.cursor) == (5, 1)


def test_an_equal_value_of_the_same_type_writes_nothing_but_another_type_does() -> None:
    tape, point, table = new_machine()
    point.x = 1
    table[3] = "three"
    table[3] = "three"
    assert tape.end == 1
    point.x = True
    assert tape.entries[-1] == (point, "x", 1, True)


def test_a_table_writes_and_deletes() -> None:
    tape, _, table = new_machine()
    table[3] = "three"
    del table[3]
    assert tape.entries == [(table, 3, ABSENT, "three"), (table, 3, "three", ABSENT)]
    assert 3 not in table
    assert table.get(3, "none") == "none"


def test_deleting_what_is_not_there_is_a_keyerror_and_writes_nothing() -> None:
    tape, _, table = new_machine()
    with pytest.raises(KeyError):
        del table[3]
    assert tape.end == 0


def test_iteration_is_in_key_order_whatever_the_insertion() -> None:
    _, _, table = new_machine()
    for key in (3, 1, 2):
        table[key] = str(key)
    assert list(table) == [1, 2, 3]
    assert list(table.items()) == [(1, "1"), (2, "2"), (3, "3")]
    assert table.frozen() == ((1, "1"), (2, "2"), (3, "3"))
    assert sorted(table.unordered()) == list(table.items())
    assert len(table) == 3


@pytest.mark.parametrize("method", ["pop", "update", "clear", "setdefault", "popitem", "keys", "values"])
def test_a_table_has_no_other_way_in(method: str) -> None:
    assert not hasattr(Table, method)


def test_an_event_changes_nothing_and_is_built_when_read() -> None:
    tape, point, _ = new_machine()
    tape.emit(Moved, 4)
    point.x = 9
    assert (tape.event(0), tape.event(1)) == (Moved(4), None)
    assert list(tape.events()) == [(0, Moved(4))]
    assert list(tape.events(1)) == []


def test_events_end_at_the_cursor_unless_told() -> None:
    tape, _, _ = new_machine()
    tape.emit(Moved, 1)
    tape.emit(Moved, 2)
    tape.seek(1)
    assert [event.by for _, event in tape.events()] == [1]
    assert [event.by for _, event in tape.events(0, tape.end)] == [1, 2]


def test_seek_undoes_and_redoes() -> None:
    tape, point, table = new_machine()
    point.x = 5
    table[1] = "one"
    table[1] = "uno"
    del table[1]
    states = []
    for position in range(tape.end, -1, -1):
        tape.seek(position)
        states.append(tape.freeze())
    assert states[-1] == {"point": (("x", 1), ("y", 2)), "names": ()}
    for position in range(tape.end + 1):
        tape.seek(position)
        assert tape.freeze() == states[tape.end - position]


@pytest.mark.parametrize("position", [-1, 1])
def test_seek_outside_the_tape_is_our_own_mistake(position: int) -> None:
    tape, _, _ = new_machine()
    with pytest.raises(ModelBug, match=f"no position #{position}"):
        tape.seek(position)


def test_nothing_is_written_in_the_past() -> None:
    tape, point, _ = new_machine()
    point.x = 5
    tape.seek(0)
    with pytest.raises(ModelBug, match="in the past"):
        point.x = 6
    with pytest.raises(ModelBug, match="in the past"):
        tape.emit(Moved, 1)
    assert (point.x, tape.end) == (1, 1)


def test_what_is_cut_off_can_be_pasted_back() -> None:
    tape, point, _ = new_machine()
    point.x = 5
    tape.emit(Moved, 1)
    after = tape.freeze()
    tape.seek(0)
    piece = tape.cut()
    assert (tape.end, len(piece.entries)) == (0, 2)
    tape.paste(piece)
    assert (tape.freeze(), tape.cursor) == (after, 2)


def test_paste_in_the_middle_is_our_own_mistake() -> None:
    tape, point, _ = new_machine()
    point.x = 5
    tape.seek(0)
    piece = tape.cut()
    tape.paste(piece)
    tape.seek(0)
    with pytest.raises(ModelBug, match="end of the tape"):
        tape.paste(piece)


def test_a_bare_machine_keeps_no_entries() -> None:
    tape = Tape(recording=False)
    point = Point(tape, "point", x=1, y=2)
    point.x = 7
    tape.emit(Moved, 1)
    assert (tape.end, point.x) == (0, 7)


def test_a_listening_tape_knows_who_wrote() -> None:
    tape, point, table = Tape(listening=True), None, None
    point, table = Point(tape, "point", x=1, y=2), Table[int, str](tape, "names")

    def inner() -> None:
        point.x = 3
        table[1] = "one"
        tape.emit(Moved, 1)

    def outer() -> None:
        inner()

    tape.bottom = test_a_listening_tape_knows_who_wrote.__code__
    outer()
    for position in range(3):
        stack = tape.stack(position)
        assert [frame.function for frame in stack] == ["inner", "outer"]
        assert stack[0].file == __file__
    first = inner.__code__.co_firstlineno
    assert [tape.stack(position)[0].line - first for position in range(3)] == [1, 2, 3]
    assert tape.stack(99) == ()


def test_without_listening_stacks_are_empty() -> None:
    tape, point, _ = new_machine()
    point.x = 3
    assert tape.stack(0) == ()


def test_a_name_is_taken_once() -> None:
    tape, _, _ = new_machine()
    with pytest.raises(ModelBug, match="'point'"):
        Table[int, int](tape, "point")


@pytest.mark.parametrize("values", [{"x": 1}, {"x": 1, "y": 2, "z": 3}])
def test_a_record_needs_each_value_once(values: dict[str, int]) -> None:
    with pytest.raises(ModelBug, match="each slot once"):
        Point(Tape(), "point", **values)


def test_fields_are_the_slots_in_order() -> None:
    assert Point.fields() == ("x", "y")


def test_the_digest_names_the_state_not_the_way_to_it() -> None:
    one, point, table = new_machine()
    two, other, names = new_machine()
    point.x = 5
    table[2] = "b"
    table[1] = "a"
    names[1] = "a"
    other.x = 4
    names[2] = "b"
    other.x = 5
    assert one.digest() == two.digest()
    other.y = 3
    assert one.digest() != two.digest()
    assert len(one.digest()) == 16


@given(st.lists(st.tuples(st.sampled_from(("x", "y", "set", "del")), st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_any_position_can_be_reached_from_any_other(steps: list[tuple[str, int, int]]) -> None:
    tape, point, table = new_machine()
    states = [tape.freeze()]
    for what, key, value in steps:
        before = tape.end
        if what == "set":
            table[key] = str(value)
        elif what == "del" and key in table:
            del table[key]
        elif what in ("x", "y"):
            setattr(point, what, value)
        if tape.end > before:
            states.append(tape.freeze())
    for position in (0, tape.end, tape.end // 2, 0, tape.end):
        tape.seek(position)
        assert tape.freeze() == states[position]
