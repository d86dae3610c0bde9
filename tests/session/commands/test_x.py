"""x."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session

S = session("poke 0x5000 0x1122334455667788")


@pytest.mark.parametrize(("line", "said"), [
    ("x 0x5000", "gpa 0x5000:\t0x1122334455667788"), ("x/2wx 0x5000", "gpa 0x5000:\t0x55667788\t0x11223344"),
    ("x/2bx 0x5006", "gpa 0x5006:\t0x22\t0x11"), ("x/hd 0x5000", "gpa 0x5000:\t30600"), ("x/bt 0x5007", "gpa 0x5007:\t00010001"),
    ("x/gd gpa 0x5008", "gpa 0x5008:\t0"), ("x/gx hpa 0", "hpa 0x0:\t0x0000000000000000")])
def test_words(line: str, said: str) -> None:
    assert say(S, line) == said


def test_host_physical_is_where_the_page_lies() -> None:
    page = S.kvm.pages[5]
    assert say(S, f"x/gx hpa {page:#x}").endswith("0x1122334455667788")


def test_it_goes_on_behind_what_was_shown() -> None:
    say(S, "x/2gx 0x5000")
    assert say(S, "x").startswith("gpa 0x5010")


@pytest.mark.parametrize(("line", "message"), [
    ("x 0x5001", "not a multiple"), ("x 0x100000000", "Cannot access memory"), ("x/99999gx 0", "too many"),
    ('x "a"', "is no address")])
def test_mistakes(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        S.execute(line)


def test_nowhere_to_begin() -> None:
    with pytest.raises(UserError, match="Argument required"):
        session().execute("x")
