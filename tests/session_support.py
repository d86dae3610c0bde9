"""What tests of the session share: sessions with something on the tape, and results as text."""

from __future__ import annotations

from typing import Any

from kvmdbg.session.results import Listing, Result, Stop, parts
from kvmdbg.session.session import Session

VMXON = ("poke 0x3000 0x11e57ed0", "inject vmxon 0x3000")
L2 = (*VMXON, "vmcs12 0x4000 VIRTUAL_PROCESSOR_ID=1", "inject vmptrld 0x4000", "inject vmlaunch")
FIRST_ENTRY_FLUSH = "flush:invvpid"


def session(*lines: str, kernel: str = "v4.4", **more: Any) -> Session:
    """A session that has said these lines."""
    made = Session(kernel, **more)
    say(made, *lines)
    return made


def say(s: Session, *lines: str) -> str:
    """Run lines; what the last one said."""
    said = ""
    for line in lines:
        said = text(s.execute(line))
    return said


def text(result: Result) -> str:
    """A result as text, tables as cells with a bar between."""
    found = []
    for part in parts(result):
        if hasattr(part, "rows"):
            found += [" | ".join((row.mark, *row.cells)) for row in part.rows] + ([part.note] if part.note else [])
        elif isinstance(part, Listing):
            found += [f"{line.mark:>2} {line.number} {line.text}" for line in part.lines]
        elif isinstance(part, Stop):
            found += [part.text, *(value.text for value in part.displays)]
        else:
            found.append(getattr(part, "text", ""))
    return "\n".join(found)


def stop_of(s: Session, line: str) -> Stop:
    """The stop that a motion ends in."""
    found = [part for part in parts(s.execute(line)) if isinstance(part, Stop)]
    assert len(found) == 1, found
    return found[0]


def cell(s: Session, line: str, column: str) -> tuple[str, ...]:
    """One column of the table that a line shows."""
    found: Any = s.execute(line)
    cells: tuple[str, ...] = found.column(column)
    return cells
