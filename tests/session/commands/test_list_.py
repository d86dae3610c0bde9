"""list."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.results import Listing, SourceLine
from kvmdbg.session.session import Session
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


def notes(s: Session, line: str) -> list[SourceLine]:
    """The lines of a listing about which something is said."""
    listing = s.execute(line)
    assert isinstance(listing, Listing)
    return [one for one in listing.lines if one.note]


def test_with_the_answers_of_a_kernel() -> None:
    s = session()
    (line,) = notes(s, "list nested_vmx_transition_tlb_flush -k v4.3")
    assert "kvm.era.transition_flush(" in line.text
    assert line.note == "v4.3: transition_flush: depends on t; without 5c614b3583e7 (v4.4)"
    assert "L1 and L2 share vpid01" in say(s, "list transition_flush -k v4.3")
    assert [line.note for line in notes(s, "list set_mode -k v4.3")] == ["asks its kernel nothing: the same on every kernel"]
    assert notes(session("until kvm_make_request"), "list -k v4.4")[0].note.startswith("v4.4: request_bits: ")


def test_wrong_kernels_and_completion() -> None:
    s = session()
    for line in ("list set_mode -k", "list set_mode v4.3", "list set_mode -k v9"):
        with pytest.raises(UserError):
            s.execute(line)
    assert [one.text for one in s.completions("list set_mode -")] == ["-k"]
    assert [(one.text, one.start) for one in s.completions("list set_mode -k v4.1")] == [("v4.15", 17)]
