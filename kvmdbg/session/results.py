"""What a command returns: plain values.  A face prints them; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kvmdbg.session.grid import Grid


@dataclass(slots=True, frozen=True)
class Text:
    """Lines to print as they are.  style: "" or a word that a theme knows."""

    text: str
    style: str = ""

    def as_data(self) -> dict[str, Any]:
        return {"kind": "text", "text": self.text}


@dataclass(slots=True, frozen=True)
class Value:
    """What `print` found: `text` is shown (`$1 = 5`), `value` is the plain value behind it, `index` its place in the history."""

    text: str
    value: Any
    index: int = 0

    def as_data(self) -> dict[str, Any]:
        return {"kind": "value", "text": self.text, "value": plain(self.value), "index": self.index}


@dataclass(slots=True, frozen=True)
class SourceLine:
    """One line of the model's source.

    mark: "=>" the line about to run, ">" a selected outer frame, "B" a breakpoint, "".  note: what is said below it, or "".
    """

    number: int
    text: str
    mark: str = ""
    note: str = ""


@dataclass(slots=True, frozen=True)
class Listing:
    """A stretch of the model's own source: `list`, and the source pane."""

    file: str
    function: str
    lines: tuple[SourceLine, ...]

    def as_data(self) -> dict[str, Any]:
        return {"kind": "source", "file": self.file, "function": self.function,
                "lines": [{"number": line.number, "text": line.text, "mark": line.mark} | ({"note": line.note} if line.note else {})
                          for line in self.lines]}


@dataclass(slots=True, frozen=True)
class Stop:
    """Where a motion ended, and why.

    position: of the cursor.  reason: "step", "breakpoint", "watch", "end" (of the tape, nothing more to run), "start" (#0),
    "waiting" (the guest waits for `inject`), "stuck", "interrupted", "goto", "inject".  text: the line to say.
    breakpoint: its number, where one stopped the motion.  displays: what the `display` lines say here.
    """

    position: int
    reason: str
    text: str
    breakpoint: int | None = None
    where: str = ""
    displays: tuple[Value, ...] = ()

    def as_data(self) -> dict[str, Any]:
        return {"kind": "stop", "position": self.position, "reason": self.reason, "text": self.text,
                "breakpoint": self.breakpoint, "where": self.where, "displays": [value.as_data() for value in self.displays]}


@dataclass(slots=True, frozen=True)
class Many:
    """Several results of one line, in order (`commands ... end`, `source`, a defined word, `context`)."""

    parts: tuple[Result, ...] = field(default=())

    def as_data(self) -> dict[str, Any]:
        return {"kind": "many", "parts": [data(part) for part in self.parts]}


@dataclass(slots=True, frozen=True)
class Quit:
    """The person asked to leave, with this exit code."""

    code: int = 0

    def as_data(self) -> dict[str, Any]:
        return {"kind": "quit", "code": self.code}


Result = Grid | Text | Value | Listing | Stop | Many | Quit | None


def data(result: Result) -> dict[str, Any]:
    """A result as plain data for `--json`; a command that says nothing gives {"kind": "none"}."""
    return {"kind": "none"} if result is None else result.as_data()


def parts(result: Result) -> tuple[Result, ...]:
    """The results in it, flat and in order."""
    if isinstance(result, Many):
        return tuple(inner for part in result.parts for inner in parts(part))
    return () if result is None else (result,)


def plain(value: Any) -> Any:
    """`value` in JSON's own kinds: tuples become lists, named tuples objects, whatever else its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(part) for name, part in zip(value._fields, value, strict=True)}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    return str(value)
