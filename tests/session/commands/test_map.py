"""map, pte, poke, walk."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import cell, say, session


def test_a_mapped_page_can_be_walked_and_loaded() -> None:
    s = session("map L1 0x400000 0x5000 rw", "poke 0x5000 77")
    assert cell(s, "walk L1 0x400000", "says")[-1] == "-> page 0x5000"
    assert "read of 0x400000" in say(s, "inject load 0x400000")


def test_an_entry_written_and_cleared() -> None:
    s = session("map L1 0x400000 0x5000", "pte L1 0x400000 0x6067")
    assert cell(s, "page L1 0x400000", "value")[-1] == "6067"
    say(s, "pte L1 0x400000 clear")
    assert cell(s, "walk L1 0x400000", "says")[-1] == "not present"
    say(s, "pte L1 0x400000 0 level=2")
    assert len(cell(s, "walk L1 0x400000", "says")) == 3


def test_tables_of_other_roots() -> None:
    s = session("map ept12 0x5000 0x8000 rw eptp=0x10000", "map L2 0x800000 0x5000 cr3=0x40000",
                "map L1 0x200000 0x400000 size=2M root=0x20000")
    assert cell(s, "walk ept12 0x5000 eptp=0x10000", "says")[-1] == "-> page 0x8000"
    assert cell(s, "walk L1 0x200000 cr3=0x20000", "says")[-1] == "-> page 0x400000"


def test_each_is_one_edit() -> None:
    s = session("map L1 0x400000 0x5000", "pte L1 0x400000 0", "poke 0x9000 1")
    assert [edit.text for edit in s.timeline.edits] == ["map L1 0x400000 0x5000", "pte L1 0x400000 0x0", "poke 0x9000 0x1"]


@pytest.mark.parametrize(("line", "message"), [
    ("map L1 0x400001 0x5000", "multiples"), ("map L1 0x400000 0x5000 q", "no option"),
    ("map L1 0 0 size=3", "no pages of 0x3 bytes"),
    ("map L1 0 0 eptp=5", "L1 has no eptp"), ("map L1 0 0 root=1 cr3=1", "same thing"), ("map L1 0 0 size=2M size=2M", "twice"),
    ("poke 0x5001 1", "not a multiple of 8"), ("poke 0xffffffff0000 1", "no memory"), ("pte L1 0x400000 1", "no level-"),
    ("walk ept12 0", "no current VMCS")])
def test_mistakes_change_nothing(line: str, message: str) -> None:
    s = session()
    with pytest.raises(UserError, match=message):
        s.execute(line)
    assert s.tape.end == 0
