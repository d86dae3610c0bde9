"""What tests of the session share: sessions with something on the tape, and results as text."""

from __future__ import annotations

from typing import Any

from kvmdbg.session.results import Listing, Result, Stop, parts
from kvmdbg.session.session import Session

VMXON = ("poke 0x3000 0x11e57ed0", "inject vmxon 0x3000")
L2 = (*VMXON, "vmcs12 0x4000 VIRTUAL_PROCESSOR_ID=1", "inject vmptrld 0x4000", "inject vmlaunch")
STALE_IN_L1 = ("map L1 0x400000 0x5000", "inject load 0x400000", "map L1 0x400000 0x6000")
LOSES_FLUSHES = "v6.12 -2b4a5a5d5688"      # a guest flush asked for while L2 runs on vpid02 hits vpid01 there
L2_WITH_EPT = ("map ept12 0x40000 0x40000 eptp=0x10000", "map ept12 0x60000 0x60000 eptp=0x10000",
               "map L2 0x800000 0x60000 cr3=0x40000 eptp=0x10000",
               "vmcs12 0x5000 VIRTUAL_PROCESSOR_ID=1 EPT_POINTER=0x10000 GUEST_CR3=0x40000", "poke 0x3000 0x11e57ed0",
               "inject vmxon 0x3000", "inject vmclear 0x5000", "inject vmptrld 0x5000", "inject vmlaunch", "inject load 0x800000")
NEW_VPID12 = ("inject vmcall", "inject vmwrite VIRTUAL_PROCESSOR_ID, 9", "inject vmresume")
FORBIDDEN_IN_L2 = (*L2_WITH_EPT, *NEW_VPID12)        # on LOSES_FLUSHES the next load of 0x800000 uses what belongs to VPID 1
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
