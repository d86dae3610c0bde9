"""Is a value of the kind that a field is declared to hold?  For files that a person has edited."""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from kvmdbg.session.saved.kinds import is_record

WORDS: Final[dict[Any, str]] = {int: "a number", str: "a string", bool: "True or False", NoneType: "None"}


def fits(value: Any, hint: Any) -> bool:
    """Is `value` what the annotation `hint` says?  Whatever the annotation does not say is right."""
    if hint is Any:
        return True
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        return type(value) is tuple and fits_tuple(value, get_args(hint))
    if is_record(hint):
        record: Any = hint
        return type(value) is hint and all(fits(part, one) for part, one in zip(value, kinds_of(record), strict=False))
    return type(value) is hint if isinstance(hint, type) else True


@cache
def kinds_of(record: Any) -> tuple[Any, ...]:
    """The annotations of a frozen record's parts."""
    return tuple(get_type_hints(record).values())


def fits_tuple(value: tuple[Any, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(fits(part, hints[0]) for part in value)
    return len(value) == len(hints) and all(fits(part, one) for part, one in zip(value, hints, strict=True))


def kind_text(hint: Any) -> str:
    """An annotation in words: "a number", "Segment", "None or Smram"."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(kind_text(one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return "a tuple"
    return WORDS[hint] if hint in WORDS else str(getattr(hint, "__name__", hint))


def shape(value: Any) -> str:
    """What a key of a table looks like: those of one table are alike, or could not be sorted."""
    if type(value) is tuple:
        return f"({', '.join(dict.fromkeys(shape(part) for part in value))})"
    return kind_text(type(value))
