"""Values as text: numbers, strings in double quotes, tuples, frozen records by name.  reading.py is the way back.

Addresses and masks are hexadecimal, small numbers decimal, 64 ones `~0`.  A value that does not fit its line takes one line for
each of its parts, so that two saved states can be compared line by line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.program import Program
from kvmdbg.session.saved.kinds import is_record, name_of
from kvmdbg.tape import ABSENT

ALL_ONES: Final = 0xFFFF_FFFF_FFFF_FFFF
WIDEST: Final = 150              # columns of a value that stays on its line
WORDS: Final = {True: "True", False: "False", None: "None", ABSENT: "ABSENT"}


def value_text(value: Any) -> str:
    """A value on one line.  raises: ModelBug for one that state must not hold."""
    if isinstance(value, bool) or value is None or value is ABSENT:
        return WORDS[value]
    if isinstance(value, int):
        return number_text(value)
    if isinstance(value, str):
        return json.dumps(value)
    head, parts = taken_apart(value)
    inner = ", ".join(f"{name}{value_text(part)}" for name, part in parts)
    return f"{head}({inner}{',' if not head and len(parts) == 1 else ''})"


def number_text(value: int) -> str:
    if value == ALL_ONES:
        return "~0"
    return str(value) if -10 < value < 10 else hex(value)


def taken_apart(value: Any) -> tuple[str, list[tuple[str, Any]]]:
    """What stands before the parenthesis, and the parts inside, each with what stands before it ("selector=")."""
    if isinstance(value, Insn) and typed(value):
        return "Insn", [("", value.text)]
    if isinstance(value, Program):
        return "Program", [("", one) for one in value]
    kind: Any = type(value)
    if is_record(kind):
        return name_of(kind), [(f"{name}=", part) for name, part in zip(value._fields, value, strict=True)]
    if isinstance(value, tuple):
        return "", [("", part) for part in value]
    raise ModelBug(f"a value of {type(value).__name__} cannot be saved: {value!r}")


def typed(insn: Insn) -> bool:
    """Does its text say everything about an instruction?"""
    try:
        return parse_insn(insn.text) == insn
    except UserError:
        return False


def lines_of(front: str, value: Any, indent: str = "", end: str = "") -> Iterator[str]:
    """`front` and a value, on one line or, if that would be long, its parts below one another."""
    line = f"{indent}{front}{value_text(value)}{end}"
    if len(line) <= WIDEST or not isinstance(value, (tuple, Program)) or not len(value):
        yield line
        return
    head, parts = taken_apart(value)
    yield f"{indent}{front}{head}("
    for name, part in parts:
        yield from lines_of(name, part, indent + "  ", ",")
    yield f"{indent}){end}"
