"""source, define: lines from elsewhere."""

from __future__ import annotations

import re

from kvmdbg.errors import UserError
from kvmdbg.session import script
from kvmdbg.session.operands import File, Name
from kvmdbg.session.parse import ALIASES, command
from kvmdbg.session.results import Many, Result
from kvmdbg.session.session import DEEPEST, Session


@command("source", group="session", aliases=("so",), examples=("source setup.kvmdbg",), composite=True)
def source(s: Session, file: File) -> Result:
    """Run the lines of a file as if they were typed here.  A line that fails ends it, with its place; those before stay done."""
    if s.depth >= DEEPEST:
        raise UserError("Max user call depth exceeded.", f"{file} reads itself.")
    text = s.read_file(file)
    results: list[Result] = []
    s.depth += 1
    try:
        ran = script.run(s, file, text, lambda line, result: results.append(result))
    finally:
        s.depth -= 1
    if ran.failures:
        raise ran.failures[0]
    return Many(tuple(one for one in results if one is not None))


@command("define", group="session", examples=("define flushes",), block=True)
def define(s: Session, name: Name, body: tuple[str, ...] = ()) -> None:
    """Give lines, up to `end`, a word of their own; in them $arg0, $arg1, ... are its operands and $argc their number."""
    if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
        raise UserError(f"{name!r} cannot be a word", "Use letters, digits, - and _, beginning with a letter.")
    if name in ALIASES:
        raise UserError(f"{name!r} is a command already", "Words of your own cannot replace those of the debugger.")
    s.defined[name] = body
