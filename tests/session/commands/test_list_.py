"""list."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_around_the_line_that_is_about_to_run() -> None:
    s = session("until kvm_make_request")
    lines = say(s, "list").splitlines()
    assert len(lines) == 10 and sum(line.startswith("=>") for line in lines) == 1
    assert "RequestMade" in next(line for line in lines if line.startswith("=>"))


def test_a_function_then_what_follows_then_what_precedes() -> None:
    s = session("break kvm_make_request")
    first = say(s, "list kvm_make_request")
    assert first.startswith(" B ") and "def kvm_make_request" in first.splitlines()[0]
    following = say(s, "list")
    assert int(following.split()[0]) == int(first.splitlines()[-1].split()[0]) + 1
    assert say(s, "list -") == first


def test_at_the_end_of_the_tape_the_action_that_comes_next() -> None:
    assert "def vcpu_load" in say(session(), "list")


def test_an_outer_frame() -> None:
    s = session("until kvm_make_request", "up")
    assert any(line.startswith(" >") for line in say(s, "list").splitlines())


def test_size_and_mistakes() -> None:
    s = session("set listsize 3", "stepi")
    assert len(say(s, "list").splitlines()) == 3
    with pytest.raises(UserError, match="not defined in the model"):
        s.execute("list nonsense")
    with pytest.raises(UserError, match="No source here"):
        session("poke 0x5000 1", "continue", "goto start", listening=False).execute("list")
