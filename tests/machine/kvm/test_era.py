"""The questions together."""

from __future__ import annotations

import inspect

from kvmdbg.machine.kvm.era import Era


def test_each_question_says_what_it_asks() -> None:
    questions = [method for name, method in inspect.getmembers(Era, inspect.isfunction)]
    assert len(questions) > 20
    assert all(method.__doc__ for method in questions)


def test_no_question_is_asked_twice() -> None:
    """A later mixin must not hide an earlier one's question."""
    names = [name for part in Era.__mro__[1:-1] for name in vars(part) if not name.startswith("_")]
    assert len(names) == len(set(names))
