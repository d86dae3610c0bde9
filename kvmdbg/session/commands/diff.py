"""diff: what differs between two positions."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.events import RequestCleared, RequestMade, RequestServiced
from kvmdbg.session.changes import fold
from kvmdbg.session.describe import cell_name, cell_value
from kvmdbg.session.grid import CHANGED, FILLED, GONE, Grid, Row, columns
from kvmdbg.session.operands import Position
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session
from kvmdbg.tape import ABSENT

REQUESTS = {RequestMade: "made", RequestServiced: "serviced", RequestCleared: "cleared"}


@command("diff", group="data", examples=("diff #10 #42", "diff before-flush", "diff start end"), recorded=False)
def diff(s: Session, a: Position, b: Position = -1) -> Grid:
    """Show what differs from position A to position B (default: the cursor): TLB entries, fields, memory, requests on the way.

    `+` an entry that is there at B only, `-` at A only, `*` a value that changed.
    """
    b = s.tape.cursor if b < 0 else b
    entries = s.tape.entries
    then, now = fold(entries, a, b), fold(entries, b, a)
    rows = [row(s, owner, key, then.then(owner, key, ABSENT), now.then(owner, key, ABSENT)) for owner, key in then.cells()]
    rows.sort(key=lambda one: (one.key[0], one.cells[0]))
    note = requests(s, min(a, b), max(a, b)) or ("" if rows else "Nothing differs.")
    return Grid(f"#{a} -> #{b}", columns("what", "was", "is"), tuple(rows), note)


def row(s: Session, owner: Any, key: Any, was: Any, now: Any) -> Row:
    mark = FILLED if was is ABSENT else GONE if now is ABSENT else CHANGED
    rank = 0 if isinstance(key, TlbKey) else 1 if mark == CHANGED else 2
    return Row((cell_name(s.kvm, owner, key), cell_value(s.kvm, owner, key, was), cell_value(s.kvm, owner, key, now)), mark,
               (rank, cell_name(s.kvm, owner, key)))


def requests(s: Session, start: int, stop: int) -> str:
    """Requests made, serviced and cleared on the way, counted."""
    counts: Counter[str] = Counter()
    for event, what in REQUESTS.items():
        for at in s.timeline.events.between(event, start, stop):
            counts[f"{s.tape.entries[at][2][1]} {what}"] += 1
    said = ", ".join(f"{name} {count}x" if count > 1 else name for name, count in sorted(counts.items()))
    return f"Requests on the way: {said}" if said else ""
