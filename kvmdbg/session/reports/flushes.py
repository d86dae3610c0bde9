"""Every invalidation so far, with the one who asked for it."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.session.grid import FILLED, NEXT, Grid, Row, columns
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report
from kvmdbg.session.tape_index import TapeIndex, index_of
from kvmdbg.tape import Tape

COLUMNS = columns("#>", "by", "type", "context", "dropped>", "asked for by", "hook/1")
BY_KVM = ("invvpid", "invept")


@report("flushes", title="Flushes")
def flushes(s: View) -> Grid:
    """Every invalidation up to the cursor and the one that is about to run: what executed, what it covers, whom it served.

    dropped: cached translations that it removes.  asked for by: the purpose that KVM's code had (a request, a root load, a
    nested entry, ...), and "processor" where the architecture itself invalidates.
    """
    tape, index = s.tape, index_of(s.tape)
    positions = index.invalidations_before(tape.cursor + 1)
    rows = tuple(row(tape, index, position, s.stop_position_before) for position in positions)
    dropped = sum(int(row.cells[4]) for row in rows)
    return Grid(f"Flushes  {len(rows)}, {dropped} entries dropped", COLUMNS, rows, "" if rows else "No invalidation so far.")


def row(tape: Tape, index: TapeIndex, position: int, since: int) -> Row:
    event = tape.event(position)
    assert isinstance(event, Invalidated)
    asked, hook = on_behalf(tape, index, position, event)
    mark = NEXT if position == tape.cursor else FILLED if position >= since else ""
    return Row((f"#{position}", event.by, event.type or "-", context(event), str(len(event.dropped)), asked, hook), mark, position)


def on_behalf(tape: Tape, index: TapeIndex, position: int, event: Invalidated) -> tuple[str, str]:
    """(purpose, kernel function) that an invalidation serves: that of the FlushAsked before it, if KVM executed it."""
    before = index.asked_before(position) if event.by in BY_KVM else None
    if before is None:
        return "processor", "-"
    asked = tape.event(before)
    return getattr(asked, "by", "?"), getattr(asked, "hook", "?")


def context(event: Invalidated) -> str:
    """The tags that an invalidation names, in words: "vpid 2", "ep4ta 100005 gpa 7000", "everything"."""
    parts = [f"vpid {event.vpid}" if event.vpid >= 0 else "", f"pcid {event.pcid}" if event.pcid >= 0 else "",
             f"ep4ta {event.ep4ta:x}" if event.ep4ta >= 0 else "", f"address {event.address:x}" if event.address >= 0 else ""]
    return " ".join(part for part in parts if part) or "everything"
