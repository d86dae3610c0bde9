"""repeat, init-if-undefined: lines several times, with numbers that a script may be given from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.formats import kept
from kvmdbg.session.operands import Name, NumberOperand, Words
from kvmdbg.session.parse import ALIASES, COMMANDS, command, head
from kvmdbg.session.results import Result
from kvmdbg.session.session import Session

MOST: Final = 100_000
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_UNDEFINED: Final = re.compile(r"\$([A-Za-z]\w*)\s*=(?!=)\s*(.+)$")
Times = Annotated[int, NumberOperand("COUNT", "how often: a number from 0 on, or an expression without blanks")]


@command("repeat", group="session", block=True, composite=True, examples=("repeat 8 page", "repeat 2*3"))
def repeat(s: Session, count: Times, name: Name = "", body: tuple[str, ...] = ()) -> Result:
    """Run lines several times.  In them $NAME is 0, 1, ..., and what stands in braces is worked out: `load {0x800000+$page*4K}`.

    Blocks may stand inside one another, under different names.  A recording has the lines as they were run.
    """
    if count > MOST:
        raise UserError(f"repeat {count}: that is too often", f"At most {MOST} times.")
    if name and not re.fullmatch(r"[A-Za-z]\w*", name):
        raise UserError(f"{name!r} cannot be a name", "Use letters, digits and _, beginning with a letter.")
    named = re.compile(rf"\${name}\b") if name else None
    found: Result = None
    for turn in range(count):
        lines = [named.sub(str(turn), line) for line in body] if named else list(body)
        found = s.nested(list(worked_out(s, lines)))
    return found


def worked_out(s: Session, lines: list[str]) -> Iterator[str]:
    """The lines with braces replaced by values, each when its turn has come; the lines of a repeat inside are left to it."""
    depth = 0
    for line in lines:
        word = ALIASES.get(head(line)[0]) or ""
        if depth:
            depth += bool(word and COMMANDS[word].block) - (line == "end")
            yield line
            continue
        depth = int(word == "repeat")
        yield _BRACES.sub(lambda match: value(s, match.group(1)), line)


def value(s: Session, text: str) -> str:
    """An expression in braces as a number that every operand reads."""
    found = expr.evaluate(text, s.scope())
    if isinstance(found, bool) or not isinstance(found, int):
        raise UserError(f"{{{text}}} is no number")
    return f"{int(found):#x}"


@command("init-if-undefined", group="support", examples=("init-if-undefined $rounds = 4",))
def init_if_undefined(s: Session, what: Words) -> None:
    """Give a variable a value unless it has one already: what a script takes when nobody chose (`compare --set rounds=8`)."""
    match = _UNDEFINED.match(what)
    if match is None:
        raise UserError("init-if-undefined: no assignment", "Write: init-if-undefined $name = EXPR.")
    if match.group(1) not in s.variables:
        s.variables[match.group(1)] = kept(expr.evaluate(match.group(2), s.scope()))
