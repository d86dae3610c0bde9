"""map, pte, poke, walk: the page tables of a level, and its memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.kvm import tables
from kvmdbg.session import expr
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.operands import Address, Level, VcpuInFront
from kvmdbg.session.parse import REQUIRED, Candidate, Operand, command, did_you_mean, matching
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

ROOTS = ("root", "cr3", "eptp")


class OptionsOperand(Operand):
    """Words at the end: letters of rights, and `name=value`."""

    whole_line = True

    def __init__(self, describe: str, *names: str) -> None:
        self.name, self.describe, self.names = "OPTIONS", describe, names

    def parse(self, session: Any, word: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for option in word.split():
            name, equals, value = option.partition("=")
            if not equals and "flags" in self.names and re.fullmatch(r"[rwxug-]+", name):
                name, value = "flags", name
            if name not in self.names or not value:
                raise UserError(f"{option!r} is no option here", did_you_mean(name, self.names) or f"Write {self.describe}.")
            if name in found:
                raise UserError(f"{name} is given twice")
            found[name] = value if name == "flags" else as_number(session, value)
        return found

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        return [one._replace(start=len(text) - len(last)) for one in matching((f"{name}=" for name in self.names), last)]


def as_number(s: Session, text: str) -> int:
    """A number, or the value of an expression.  raises: UserError."""
    value = number(text)
    found = expr.evaluate(text, s.scope()) if value is None else value
    if not isinstance(found, int):
        raise UserError(f"{text!r} is no number")
    return int(found) & 0xFFFF_FFFF_FFFF_FFFF


class EntryValueOperand(Operand):
    name, describe = "VALUE", "64 bits, or `clear` for 0"

    def parse(self, session: Any, word: str) -> int:
        return 0 if word == "clear" else as_number(session, word)

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching(("clear",), text)


MapOptions = Annotated[dict[str, Any] | None,
                       OptionsOperand("letters of rwxug, size=2M or 1G, root=ADDRESS (or cr3=, eptp=)", "flags", "size", *ROOTS)]
PteOptions = Annotated[dict[str, Any] | None, OptionsOperand("level=1..5, root=ADDRESS (or cr3=, eptp=)", "level", *ROOTS)]
WalkOptions = Annotated[dict[str, Any] | None, OptionsOperand("root=ADDRESS (or cr3=, eptp=)", *ROOTS)]
EntryValue = Annotated[int, EntryValueOperand()]


def roots(level: str, options: dict[str, Any]) -> dict[str, Any]:
    """`root` and `eptp` for the functions of tables: the level's own root is cr3= (eptp= for ept12), or root= for both."""
    own, other = ("eptp", "cr3") if level == "ept12" else ("cr3", "eptp")
    if "root" in options and own in options:
        raise UserError(f"root= and {own}= are the same thing")
    if other in options and level != "L2":
        raise UserError(f"{level} has no {other}", f"Write {own}=ADDRESS.")
    found = {"root": options.get("root", options.get(own))}
    return found | {"eptp": options.get("eptp")} if level == "L2" else found


def edit(s: Session, word: str, text: str, vcpu: int | None, change: Any) -> Text | None:
    """Make one edit on behalf of a level's software; a word when it changed nothing."""
    target = s.kvm.vcpus[s.current_vcpu if vcpu is None else vcpu]
    start = s.tape.cursor
    if not s.timeline.edit(word, text, lambda: change(target), target.id):
        return Text("Nothing changed: it is so already.")
    s.stop_position_before = start
    return None


@command("map", group="machine",
         examples=("map L1 0x400000 0x5000", "map ept12 0x5000 0x8000 rw", "map L2 0x400000 0x600000 size=2M"))
def map_(s: Session, vcpu: VcpuInFront = None, level: Level = REQUIRED, address: Address = REQUIRED, target: Address = REQUIRED,
         options: MapOptions = None) -> Text | None:
    """Map a page in the tables of L1, L2 or ept12, as that level's software would, with new tables where they are missing.

    ADDRESS: linear (L1, L2) or L2 guest-physical (ept12); TARGET: guest-physical in the level's own space.  Then letters of
    r w x u g, `size=2M` (or 1G; 4M in 32-bit paging), `root=ADDRESS`.  Nothing is invalidated: that is the level's own duty.
    """
    given = options or {}
    more = {name: value for name, value in given.items() if name in ("flags", "size")} | roots(level, given)
    return edit(s, "map", f"map {level} {address:#x} {target:#x}", vcpu,
                lambda who: tables.map_page(s.kvm, who, level, address, target, **more))


@command("pte", group="machine", examples=("pte L1 0x400000 clear", "pte ept12 0x5000 0x9037", "pte L1 0x400000 0x6067 level=1"))
def pte(s: Session, vcpu: VcpuInFront = None, level: Level = REQUIRED, address: Address = REQUIRED, value: EntryValue = REQUIRED,
        options: PteOptions = None) -> Text | None:
    """Write the paging-structure entry for an address in the tables of L1, L2 or ept12, without any invalidation.

    `level=2` and so on for the tables above the last one.
    """
    given = options or {}
    return edit(s, "pte", f"pte {level} {address:#x} {value:#x}", vcpu,
                lambda who: tables.set_entry(s.kvm, who, level, address, value, given.get("level", 1), **roots(level, given)))


@command("poke", group="machine", examples=("poke 0x5000 0xdead",))
def poke(s: Session, address: Address, value: Address) -> Text | None:
    """Write 64 bits at an L1 guest-physical address, as L1's software would."""
    return edit(s, "poke", f"poke {address:#x} {value:#x}", None, lambda who: tables.poke(s.kvm, who, address, value))


@command("walk", group="data", aliases=("page",), recorded=False,
         examples=("walk L1 0x400000", "walk ept12 0x5000", "walk L2 0x400000 cr3=0x1000"))
def walk(s: Session, vcpu: VcpuInFront = None, level: Level = REQUIRED, address: Address = REQUIRED,
         options: WalkOptions = None) -> Grid:
    """Show the table entries that translate an address in the tables of L1, L2 or ept12.  Nothing is cached or set."""
    who = s.kvm.vcpus[s.current_vcpu if vcpu is None else vcpu]
    steps = tables.walk(s.kvm, who, level, address, **roots(level, options or {}))
    rows = tuple(Row((step.structure, str(step.level), f"{step.address:x}", f"{step.value:x}", step.note), key=step.level)
                 for step in steps)
    return Grid(f"Walk of {level} {address:#x}", columns("tables", "level>", "entry at>", "value>", "says"), rows)
