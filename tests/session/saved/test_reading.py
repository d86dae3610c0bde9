"""What is wrong with a text, and where."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.saved.reading import Reader

NAMES = {"EVENT": 0x40, "TLB_FLUSH": 0x100}


def test_names_stand_for_numbers() -> None:
    assert Reader("TLB_FLUSH | EVENT | 0x2", "f", NAMES).value() == 0x142
    assert Reader("(EVENT, 1)", "f", NAMES).value() == (0x40, 1)


@pytest.mark.parametrize(("text", "where", "what"), [
    ("(1,\n 2, ;)", "f:2:5", "';' begins nothing"), ("(1 2)", "f:1:4", "'2' stands where ','"),
    ("EVENTS", "f:1:1", "no name of a number"),
    ("Segmnt(a=1)", "f:1:1", "there is no 'Segmnt'"), ("Segment(selector=1)", "f:1:1", "Segment lacks ar, base, limit"),
    ("Segment(1)", "f:1:1", "is written with selector="), ('Insn("fly")', "f:1:1", "there is no instruction 'fly'"),
    ("Program(1)", "f:1:1", "made of Insn"), ("(1, (2", "f:1:5", "never closed"), ("=", "f:1:1", "stands where a value must"),
    ("", "f:1:1", "the end of the line"), ("(" * 60, "f:1:41", "too many parentheses"), ('"\\x"', "f:1:1", "is no string"),
    ("12ab", "f:1:1", "begins nothing")])
def test_an_error_names_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(UserError, match="f:") as wrong:
        Reader(text, "f", NAMES).value()
    assert wrong.value.message.startswith(f"{where}: ") and what in wrong.value.message


def test_a_hint_names_what_was_meant() -> None:
    with pytest.raises(UserError) as wrong:
        Reader("TLB_FLUS", "f", NAMES).value()
    assert wrong.value.hint == "Did you mean TLB_FLUSH?"


def test_comments_and_empty_lines_are_nothing() -> None:
    reader = Reader("# a\n\nx = 1  # b\n", "f", {})
    reader.skip_lines()
    assert (reader.take().text, reader.skip("="), reader.value()) == ("x", True, 1)
    reader.end_line()
    with pytest.raises(UserError, match="is too much on this line"):
        Reader("1 2", "f", {}).end_line()
