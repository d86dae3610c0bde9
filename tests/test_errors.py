"""Errors: a person's mistakes and ours are told apart, and say what would be right."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ExpectationFailed, KvmdbgError, ModelBug, ScriptError, Unsupported, UserError


@pytest.mark.parametrize("kind", [UserError, Unsupported, ExpectationFailed])
def test_a_mistake_has_a_message_and_perhaps_a_hint(kind: type[UserError]) -> None:
    assert str(kind("no such thing")) == "no such thing"
    error = kind("no such thing", "Try that one.")
    assert (error.message, error.hint, str(error)) == ("no such thing", "Try that one.", "no such thing  Try that one.")
    assert isinstance(error, UserError)


def test_a_script_error_says_where() -> None:
    cause = UserError("no such thing", "Try that one.")
    error = ScriptError("a.kvmdbg", 12, cause)
    assert str(error) == "a.kvmdbg:12: no such thing  Try that one."
    assert (error.file, error.line, error.cause) == ("a.kvmdbg", 12, cause)


def test_our_own_mistake_says_so_and_where_on_the_tape() -> None:
    assert str(ModelBug("two owners")) == "kvmdbg is wrong: two owners"
    error = ModelBug("two owners", 17)
    assert (str(error), error.position) == ("kvmdbg is wrong at #17: two owners", 17)


def test_our_own_mistake_is_no_mistake_of_the_person() -> None:
    assert not issubclass(ModelBug, UserError)
    assert issubclass(ModelBug, KvmdbgError)
    assert issubclass(UserError, KvmdbgError)
