"""delete, clear, enable, disable: what becomes of breakpoints."""

from __future__ import annotations

import re

from kvmdbg.errors import UserError
from kvmdbg.session.breakpoints import DELETE, DISABLE, KEEP
from kvmdbg.session.operands import Location, Numbers, NumbersOperand, Words
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


def chosen(s: Session, numbers: tuple[int, ...]) -> list[int]:
    """The numbers, or all.  raises: UserError for one that does not exist, before anything is changed."""
    return [s.breakpoints[number].number for number in numbers] if numbers else [one.number for one in s.breakpoints]


@command("delete", group="stops", aliases=("d", "del"), examples=("delete 2", "delete 1 3-5", "delete", "delete display 1"))
def delete(s: Session, what: Words = "") -> Text | None:
    """Delete breakpoints by number, or all of them; `delete display N` deletes displays."""
    word, _, rest = what.partition(" ")
    if word in ("display", "bookmark"):
        remove(s, word, rest)
        return None
    numbers = chosen(s, NumbersOperand().parse(s, rest if word == "breakpoints" else what))
    for number in numbers:
        s.breakpoints.delete(number)
    return None


def remove(s: Session, what: str, rest: str) -> None:
    """Delete displays by number or bookmarks by name; all without any."""
    if what == "bookmark":
        for name in rest.split() or list(s.timeline.bookmarks):
            if s.timeline.bookmarks.pop(name, None) is None:
                raise UserError(f"no bookmark is called {name!r}")
        return
    numbers = NumbersOperand().parse(s, rest) or tuple(s.displays)
    for number in numbers:
        if number not in s.displays:
            raise UserError(f"No display number {number}.")
    for number in numbers:
        del s.displays[number]


@command("undisplay", group="data", aliases=("undisp",), examples=("undisplay 1", "undisplay"))
def undisplay(s: Session, numbers: Numbers = ()) -> None:
    """Delete displays by number, or all of them."""
    remove(s, "display", " ".join(map(str, numbers)))


@command("clear", group="stops", aliases=("cl",), examples=("clear flush:single-context",))
def clear(s: Session, where: Location) -> Text:
    """Delete the breakpoints at an event or function, as it was given to `break`."""
    found = [one.number for one in s.breakpoints if where.strip() in (one.what, one.describe())]
    if not found:
        raise UserError(f"No breakpoint at {where}.")
    for number in found:
        s.breakpoints.delete(number)
    return Text(f"Deleted breakpoint{'s' if len(found) > 1 else ''} {' '.join(map(str, found))}")


@command("enable", group="stops", aliases=("en",), examples=("enable 2", "enable once 1", "enable delete 1", "enable count 3 1"))
def enable(s: Session, what: Words = "") -> None:
    """Enable breakpoints: [once | delete | count N] NUMBERS; all of them without any number."""
    match = re.match(r"(once|delete|count\s+(\d+))\s*(.*)$", what.strip())
    how = match.group(1).split()[0] if match else ""
    numbers = chosen(s, NumbersOperand().parse(s, match.group(3) if match else what))
    for number in numbers:
        one = s.breakpoints[number]
        one.enabled = True
        one.disposition = {"once": DISABLE, "delete": DELETE}.get(how, KEEP if how else one.disposition)
        one.stop_after = int(match.group(2)) if match and how == "count" else 0
    s.breakpoints.changed()


@command("disable", group="stops", aliases=("dis", "disa"), examples=("disable 2", "disable"))
def disable(s: Session, numbers: Numbers = ()) -> None:
    """Disable breakpoints by number, or all of them."""
    for number in chosen(s, numbers):
        s.breakpoints[number].enabled = False
    s.breakpoints.changed()
