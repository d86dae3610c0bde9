"""gdb's output formats: /x /d /u /o /t /c /a of a value, and what `print` and `display` say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.results import Value
from kvmdbg.session.scope import Scope
from kvmdbg.session.views import RecordView, TlbRows, View, show

BITS: Final = 64


def _character(value: int) -> str:
    low = value & 0xFF
    return f"{low} '{chr(low) if 32 <= low < 127 else chr(92) + f'{low:03o}'}'"


def _signed(value: int) -> str:
    return str(value - (1 << BITS) if value >> BITS - 1 == 1 else value)


LETTERS: Final[dict[str, Callable[[int], str]]] = {
    "x": lambda value: f"{value:#x}" if value >= 0 else f"{value & (1 << BITS) - 1:#x}",
    "a": lambda value: f"{value & (1 << BITS) - 1:#x}",
    "d": _signed,
    "u": lambda value: str(value & (1 << BITS) - 1 if value < 0 else value),
    "o": lambda value: f"0{value:o}" if value > 0 else str(value),
    "t": lambda value: f"{value & (1 << BITS) - 1 if value < 0 else value:b}",
    "c": _character,
}


def formatted(value: Any, letter: str) -> str:
    """A value in a format ("" = as it likes best): numbers inside of structures too."""
    if not letter:
        return show(value)
    if isinstance(value, int):
        return LETTERS[letter](int(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "{" + ", ".join(f"{name} = {formatted(part, letter)}" for name, part in zip(value._fields, value, strict=True)) + "}"
    if isinstance(value, tuple):
        return "{" + ", ".join(formatted(part, letter) for part in value) + "}"
    if isinstance(value, RecordView):
        return "{" + ", ".join(f"{name} = {formatted(value.part(name), letter)}" for name in value.record.fields()) + "}"
    return show(value)


def kept(value: Any) -> Any:
    """What the value history keeps: plain values, so that `$1` stays what it was; a view of a Record becomes its number or text."""
    if isinstance(value, RecordView):
        return value.number if value.number >= 0 else str(value)
    return str(value) if isinstance(value, View) and not isinstance(value, TlbRows) else value


def displayed(scope: Scope, number: int, letter: str, text: str) -> Value:
    """What a `display` line says at a stop; an expression that cannot be computed here says why."""
    slash = f"/{letter} " if letter else ""
    try:
        value = expr.evaluate(text, scope)
    except UserError as wrong:
        return Value(f"{number}: {slash}{text} = <{wrong.message}>", None, number)
    return Value(f"{number}: {slash}{text} = {formatted(value, letter)}", kept(value), number)
