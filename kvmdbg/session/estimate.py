"""From counts to microseconds, as intervals: what a lat_ctx table could owe to the TLB.

The model counts; it knows no time.  Here counts become cycles by ranges that are stated with where they come from, and that
nobody has fitted to anything: the result is as wide as what is not known.  Both kernels run on the same processor, so a gain is
worked out from the differences of the counts, each times its range.  What KVM's own code costs is not counted: both run it.
A translation is charged for the references that its walk made: all of them, unless the machine has paging-structure caches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kvmdbg.machine.eras.versions import missing_from
from kvmdbg.session.compare import Account
from kvmdbg.session.grid import DIFFERS, Grid, Row, columns

SEED: Final = "5c614b3583e7"         # the commit whose message has the table


class Range(NamedTuple):
    """What something costs, at least and at most."""

    what: str
    low: float
    high: float
    unit: str
    source: str


REFERENCE: Final = Range("memory reference of a page walk", 4, 200, "cycles",
                         "a load that hits the first-level cache, and one that goes to memory, on Intel processors of those years")
INVVPID: Final = Range("INVVPID", 50, 1000, "cycles", "no vendor publishes a figure: a wide range")
INVEPT: Final = Range("INVEPT", 50, 1000, "cycles", "no vendor publishes a figure: a wide range")
EXIT: Final = Range("VM exit and VM entry", 500, 4000, "cycles",
                    "hundreds to some thousands, by generation (Agesen et al., USENIX ATC 2012, measure the round trip)")
CLOCK: Final = Range("clock", 1.6, 4.0, "GHz", "the message names no processor: what was sold in those years")
RANGES: Final = (REFERENCE, INVVPID, INVEPT, EXIT, CLOCK)


class Published(NamedTuple):
    """A column of the table in the commit's message: microseconds a context switch."""

    processes: int
    size: int             # KiB
    before: float         # "vanilla"
    after: float          # "nested VPID"


PUBLISHED: Final[Mapping[str, Published]] = {
    "2p/0K": Published(2, 0, 1.26, 1.22), "2p/16K": Published(2, 16, 1.43, 1.37), "2p/64K": Published(2, 64, 1.56, 1.45),
    "8p/16K": Published(8, 16, 12.7, 4.78), "8p/64K": Published(8, 64, 12.9, 2.33), "16p/16K": Published(16, 16, 3.49, 5.6),
    "16p/64K": Published(16, 64, 7.46, 2.88)}
LEAST: Final = 0.01                  # what the table was rounded to, in its most precise columns


class Interval(NamedTuple):
    """Two ends of what is possible."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.3f} .. {self.high:.3f}"


def noise(name: str) -> float:
    """How far the tool is off in a column, by the table itself: more processes or larger ones cannot be switched faster.

    The largest amount by which either row breaks that rule with this column on one side; in columns that keep it, the rounding.
    """
    here = PUBLISHED[name]
    found = LEAST
    for other in PUBLISHED.values():
        for more, less in ((here, other), (other, here)):
            if more.processes >= less.processes and more.size >= less.size:
                found = max(found, less.before - more.before, less.after - more.after)
    return found


def cycles(counts: Mapping[Range, int]) -> Interval:
    """Counts times their ranges; a negative count (less than before) turns its range round."""
    ends = [sorted((count * one.low, count * one.high)) for one, count in counts.items()]
    return Interval(sum(low for low, _ in ends), sum(high for _, high in ends))


def microseconds(spent: Interval, switches: int) -> Interval:
    """Cycles of an interval as microseconds a context switch, at any clock of the range."""
    ends = [end / clock / 1000 / max(switches, 1) for end in spent for clock in (CLOCK.low, CLOCK.high)]
    return Interval(min(ends), max(ends))


def counted(one: Account) -> dict[Range, int]:
    """What an account has of each thing that costs."""
    by = {name: sum(count for kind, count in one.flushes.items() if kind.startswith(name)) for name in ("invvpid", "invept")}
    return {REFERENCE: one.references, INVVPID: by["invvpid"], INVEPT: by["invept"], EXIT: one.exits}


def gain(before: Account, after: Account) -> Interval:
    """Microseconds a context switch that the second kernel saves."""
    old, new = counted(before), counted(after)
    return microseconds(cycles({one: old[one] - new[one] for one in old}), before.switches)


def verdict(name: str, possible: Interval) -> str:
    """Where the published gain lies: "below the tool's noise", "inside" what is possible here, or "outside"."""
    published = PUBLISHED[name].before - PUBLISHED[name].after
    if abs(published) <= noise(name) + 1e-9:
        return "below the tool's noise"
    return "inside" if possible.low <= published <= possible.high else "outside"


def pair(accounts: Sequence[Account]) -> tuple[Account, Account] | None:
    """The first kernel without the commit and the first with it."""
    without = [one for one in accounts if SEED in missing_from(one.kernel)]
    having = [one for one in accounts if SEED not in missing_from(one.kernel)]
    return (without[0], having[0]) if without and having else None


def estimate(accounts: Sequence[Account]) -> tuple[Grid, ...]:
    """The commit's table beside what the counts allow, and the ranges; nothing where there is nothing to compare."""
    found = pair(accounts)
    names = [name for name in PUBLISHED if all(name in one.intervals for one in accounts)]
    if found is None or not names:
        return ()
    on = " and ".join(one.kernel for one in found)
    rows = tuple(row(name, found[0].intervals[name], found[1].intervals[name]) for name in names)
    title = f"Microseconds a context switch: the table of {SEED}, and what the counts of {on} allow"
    heads = columns("column", "vanilla>", "nested VPID>", "published gain>", "tool's noise>", "refills saved>", "possible gain>",
                    "published gain is")
    ranges = tuple(Row((one.what, f"{one.low:g} .. {one.high:g}", one.unit, one.source)) for one in RANGES)
    return (Grid(title, heads, rows, conclusion(found, names)), Grid("Ranges", columns("what", "costs>", "unit", "source"), ranges))


def row(name: str, before: Account, after: Account) -> Row:
    """One column of the published table as a row."""
    published, possible = PUBLISHED[name], gain(before, after)
    said = verdict(name, possible)
    saved = before.fills - after.fills
    figures = (f"{published.before:g}", f"{published.after:g}", f"{published.before - published.after:.2f}", f"{noise(name):.2f}")
    return Row((name, *figures, str(saved), str(possible), said), DIFFERS if said == "outside" else "", name)


def conclusion(found: tuple[Account, Account], names: Sequence[str]) -> str:
    """What the counts say of the TLB's part, and of the flushes'."""
    flushes = [sum(sum(one.intervals[name].flushes_by.values()) for name in names) for one in found]
    rest = f" What it can save here is the flushes themselves: {flushes[0] - flushes[1]} of {flushes[0]} over all columns."
    saved = [found[0].intervals[name].fills - found[1].intervals[name].fills for name in names]
    if not any(saved):
        return ("As many translations are cached again with the commit as without it, in every column: "
                f"by this model the gain cannot come from the TLB.{rest}")
    if all(one <= 0 for one in saved):
        return f"No column caches fewer translations again with the commit: by this model the gain cannot come from the TLB.{rest}"
    return f"With the commit {sum(saved)} translations fewer are cached again, over all columns."
