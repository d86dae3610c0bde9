"""Every invalidation so far: who asked for it, and what it was worth."""

from __future__ import annotations

from kvmdbg.oracle.flushes import NOWHERE, Flush
from kvmdbg.session.grid import FILLED, NEXT, Grid, Row, columns
from kvmdbg.session.judged import judged_of
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report
from kvmdbg.session.tape_index import index_of

COLUMNS = columns("#>", "by", "type", "context", "dropped>", "fresh>", "stale>/1", "forbidden>/1", "worth/3", "asked for by",
                  "hook/2", "made at>/3", "served at>/3", "made by/4")
EXCESS, TAGS = "excess", "tags"


@report("flushes", title="Flushes")
def flushes(s: View) -> Grid:
    """Every invalidation up to the cursor and the one that is about to run: what executed, what it covers, whom it served.

    dropped: cached translations that it removes; of those fresh, stale (allowed) and forbidden ones, as of just before it.
    worth: excess for a flush that dropped fresh ones only, tags where some of these had to go all the same, because the next VM
    entry gives their tags to another guest context.  asked for by: the purpose that KVM's code had (a request, a root load, a
    nested entry, ...), and "processor" where the architecture itself invalidates.  made at, made by: of the request; served at:
    where it was found pending, or where KVM asked for the flush without one.
    """
    positions = index_of(s.tape).invalidations_before(s.tape.cursor + 1)
    judged = judged_of(s.kvm)
    found = [judged.worth(position) for position in positions]
    rows = tuple(row(flush, mark(s, flush.position)) for flush in found)
    return Grid(title(found), COLUMNS, rows, "" if rows else "No invalidation so far.")


def title(found: list[Flush]) -> str:
    """How many there are, what they dropped, and how much of that in vain."""
    dropped, fresh = sum(flush.dropped for flush in found), sum(flush.fresh for flush in found)
    return f"Flushes  {len(found)}, {dropped} entries dropped, {fresh} of them fresh; {sum(flush.excess for flush in found)} excess"


def mark(s: View, position: int) -> str:
    return NEXT if position == s.tape.cursor else FILLED if position >= s.stop_position_before else ""


def row(flush: Flush, mark: str) -> Row:
    asker = flush.asker
    served = asker.serviced_at if asker.serviced_at != NOWHERE else asker.asked_at
    dropped = (flush.dropped, flush.fresh, flush.stale, flush.forbidden)
    worth = EXCESS if flush.excess else TAGS if flush.reassigned else "-"
    return Row((f"#{flush.position}", flush.by, flush.type or "-", flush.context, *map(str, dropped), worth, asker.requester,
                asker.hook or "-", place(asker.made_at), place(served), asker.made_by or "-"), mark, flush.position)


def place(position: int) -> str:
    return "-" if position == NOWHERE else f"#{position}"
