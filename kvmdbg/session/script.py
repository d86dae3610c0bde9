"""`*.kvmdbg` files: one command a line, `#` comments, blocks that end with `end`.  Reading, running, writing.

A comment begins with `#` at the beginning of a line, or with a blank, `#` and a blank; `goto #41` is no comment, and
text in double quotes is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from kvmdbg.errors import ExpectationFailed, ModelBug, ScriptError, UserError
from kvmdbg.session.results import Quit, Result, parts

_COMMENT: Final = re.compile(r"(\"[^\"]*\")|(?:^\s*|\s)#(?:\s.*|$)|^\s*#.*")


@dataclass(slots=True, frozen=True)
class Line:
    """One line of a script that says something.  number: from 1 on."""

    number: int
    text: str


@dataclass(slots=True, frozen=True)
class Ran:
    """What became of a script.  failures: the `expect` lines that did not hold; code: of `quit CODE`, or None."""

    failures: tuple[ScriptError, ...]
    code: int | None = None


class Unfinished(UserError):
    """A block without its `end`: the file is half written."""


class Player(Protocol):
    """The part of a Session that runs lines."""

    def execute(self, line: str) -> Result: ...
    @property
    def open_block(self) -> str: ...
    def drop_block(self) -> None: ...


def without_comment(line: str) -> str:
    """The line without its comment and without blanks around it."""
    return _COMMENT.sub(lambda match: match.group(1) or "", line).strip()


def lines(text: str) -> Iterator[Line]:
    """The lines that say something."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = without_comment(line)
        if said:
            yield Line(number, said)


def kernels_of(text: str) -> str:
    """What a script says behind `kernels` in its first line that says something; "" when it begins otherwise."""
    first = next(lines(text), Line(0, "")).text
    word, _, rest = first.partition(" ")
    return rest.strip() if word == "kernels" else ""


def run(player: Player, name: str, text: str, each: Callable[[Line, Result], Any] = lambda line, result: None,
        failed: Callable[[ScriptError], Any] = lambda failure: None) -> Ran:
    """Run a script to its end, or to `quit`; an `expect` that fails is kept and the script goes on.

    name: of the file, for messages.  each: told every result as it comes.  failed: told every `expect` that does not hold.
    raises: ScriptError for any other error, at its place; the session stays as it was before that line.
    """
    failures: list[ScriptError] = []
    began = Line(0, "")
    for line in lines(text):
        if not player.open_block:
            began = line
        try:
            result = player.execute(line.text)
        except ExpectationFailed as wrong:
            failures.append(wrong if isinstance(wrong, ScriptError) else ScriptError(name, line.number, wrong))
            failed(failures[-1])
            continue
        except ScriptError:
            raise
        except UserError as wrong:
            player.drop_block()
            raise ScriptError(name, line.number, wrong) from None
        except ModelBug as bug:
            raise ScriptError(name, line.number, UserError(str(bug))) from bug
        each(line, result)
        for part in parts(result):
            if isinstance(part, Quit):
                return Ran(tuple(failures), part.code)
    if player.open_block:
        player.drop_block()
        raise ScriptError(name, began.number, Unfinished(f"{began.text!r} has no `end`"))
    return Ran(tuple(failures))


def written(kernel: str, machine: str, origin: str, words: list[str], digest: str, position: int) -> str:
    """A session as a script: what it ran on, what was said, and the digest of where it stands.

    machine: the words of `machine`, or "".  origin: the `load` line that the machine began with, or "".
    """
    head = [f"# A session of kvmdbg, at #{position}.", f"kernel {kernel}"]
    head += [f"machine {machine}"] if machine else []
    head += [origin] if origin else []
    return "\n".join([*head, *words, f'expect on {kernel}: digest == "{digest}"']) + "\n"
