"""How a premise is read: handlers that put a value of `given` into a Plan; texts of phrases, each of which must be known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.setup import Plan

Handler = Callable[[Plan, Any], None]
_BETWEEN: Final = re.compile(r"[,;](?![^()]*\))")       # a comma or a semicolon, but not one in parentheses


def nothing(plan: Plan, value: Value) -> None:
    """The premise holds anyway, or explains something."""


def phrases(known: Mapping[str, Handler]) -> Handler:
    """A text of phrases between commas and semicolons, each of which must be known; a pattern's groups are its value."""
    def handle(plan: Plan, text: Value) -> None:
        for phrase in (part.strip() for part in _BETWEEN.split(str(text)) if part.strip()):
            found = [(handler, match) for pattern, handler in known.items() if (match := re.fullmatch(pattern, phrase))]
            if not found:
                raise Unsupported(f"{phrase}: cannot be set up")
            handler, match = found[0]
            handler(plan, match.groups())
    return handle


def always(name: str) -> Handler:
    """A feature that every processor of the model has."""
    def always(plan: Plan, offered: Value) -> None:
        if offered is False:
            raise Unsupported(f"caps {name.lower()}: false: every processor of the model has {name}")
    return always


def bits_of(known: Mapping[str, Handler]) -> Handler:
    """`{OSXSAVE: 1}`, or the same as a text of phrases."""
    def handle(plan: Plan, value: Value) -> None:
        text = ", ".join(f"{name}={int(on)}" for name, on in value.items()) if isinstance(value, dict) else value
        phrases(known)(plan, text)
    return handle


def field(encoding: int) -> Handler:
    """A number that L1 has written into a field."""
    def set_it(plan: Plan, value: Value) -> None:
        plan.fields[encoding] = int(value, 0) if isinstance(value, str) else int(value)
    return set_it


def refused(reason: str) -> Handler:
    def refuse(plan: Plan, value: Value) -> None:
        raise Unsupported(reason)
    return refuse
