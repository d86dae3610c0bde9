"""A saved state onto a machine."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.saved.restoring import Head, Missing, read_head, restore
from kvmdbg.session.saved.state_file import state_text
from session_support import L2, session

S = session(*L2, "goto end")
TEXT = state_text(S.kvm, "")


def put(text: str) -> tuple[Kvm, tuple[Missing, ...]]:
    made = boot(kernel("v4.4"))
    return made, restore(made, text, "f", lambda kvm, name: None).missing


def test_the_machine_is_as_it_was() -> None:
    made, missing = put(TEXT)
    assert made.tape.digest() == S.tape.digest() and missing == () and (made.tape.end, made.tape.recording) == (0, True)
    assert read_head(TEXT, "f") == Head("v4.4", "")


def test_a_field_that_the_file_does_not_have_is_told() -> None:
    made, missing = put("\n".join(line for line in TEXT.splitlines() if not line.startswith("fills = ")))
    assert missing == (Missing("cpu0", "fills"),) and made.hw.cpus[0].fills == 0


def test_a_table_that_the_file_does_not_have_is_empty() -> None:
    at = TEXT.index("[memslots]")
    made, _ = put(TEXT[:at] + TEXT[TEXT.index("[", at + 1):])
    assert len(made.memslots) == 0


def line_of(front: str) -> int:
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if line.startswith(front))


@pytest.mark.parametrize(("old", "new", "column", "what"), [
    ("rip = ", "rpi = ", 1, "cpu0 has no 'rpi'  "), ("rip = ", 'rip = "x" # ', 7, "cpu0.rip must be a number"),
    ("rip = ", "rip ", 5, "stands where '=' must"),
    ("[memslots]", "[memslot]", 1, "nothing called 'memslot'  Did you mean memslots?"),
    ("rip = ", "rsp = 1\nrip = ", 0, ""), ("[memslots]", '[memslots]\n"x" = 1', 1, "a key of [memslots] must be a number"),
    ("[memslots]", '[memslots]\n7 = "x"', 5, "a value of [memslots] must be a number"),
    ("[memslots]", "[memslots]\n0 = 1", 1, "this key stands here for the second time"),
    ("rsp = ", "rip = 1\nrsp = ", 1, "rip stands here for the second time"),
    ("[memslots]", "[cpu0]", 1, "[cpu0] stands here for the second time"),
    ("rip = ", "rip = 1 1 # ", 9, "'1' is too much on this line")])
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, column: int, what: str) -> None:
    text = TEXT.replace(f"\n{old}", f"\n{new}", 1)
    with pytest.raises(UserError, match=r"f:\d+:\d+") as wrong:
        put(text)
    line, at = wrong.value.message.split(":")[1:3]
    assert abs(int(line) - line_of(old)) <= 3 and (not column or int(at) == column) and what in str(wrong.value)


@pytest.mark.parametrize(("text", "what"), [
    ("", "this is no saved state"), ("kernel = 5", "kernel is a string"), ("format = 2", "reads format 1"),
    ("colour = 1", "'colour' does not belong here"), ("format = 1\nformat = 1", "'format' does not belong here"),
    ("[  1.0] *** Guest State ***", "no saved state")])
def test_a_head_that_is_none(text: str, what: str) -> None:
    with pytest.raises(UserError, match="f:1:|f:2:") as wrong:
        read_head(text, "f")
    assert what in str(wrong.value)
