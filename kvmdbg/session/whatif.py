"""What if: an effect had been left out, or another kernel had run.  Answers come from a re-run; the session stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.hw.events import Accessed, Faulted, Invalidated
from kvmdbg.machine.hw.state import Cpu
from kvmdbg.machine.hw.tlbkey import TlbEntry, TlbKey
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.oracle.flushes import KVM_EXECUTES, asker
from kvmdbg.oracle.index import index_of
from kvmdbg.oracle.uses import Use, uses
from kvmdbg.oracle.verdict import FORBIDDEN, describe
from kvmdbg.session import compare
from kvmdbg.session.changes import same
from kvmdbg.session.describe import cell_name, cell_value, entry_text
from kvmdbg.session.grid import CHANGED, DIFFERS, FILLED, GONE, Grid, Row, columns
from kvmdbg.session.motion import where
from kvmdbg.session.rerun import Plan, Rerun, plan, rerun
from kvmdbg.session.session import Session
from kvmdbg.tape import ABSENT, Entry, Record

FORBIDDEN_USES: Final = "forbidden uses"          # as `compare` calls them
MOST: Final = 20                 # rows of the state that are worth showing


# -- the three questions -------------------------------------------------------------------------------------------


def skip(s: Session) -> Grid:
    """Leave out the next flush that KVM executes, or the next request that it makes, at or after the cursor.

    raises: UserError when none lies ahead on the tape.
    """
    position = next_effect(s)
    wanted = plan(s)
    other = rerun(s, wanted, left_out=(position,))
    entry = s.tape.entries[position]
    place = where(s.timeline, position)
    said = f"Left out: #{position} {place}{': ' if place else ''}{entry_text(s.kvm, entry)}."
    return side_by_side(f"What if #{position} were left out", wanted, other, said)


def kernel(s: Session, name: str) -> Grid:
    """Run the whole session on another kernel.  raises: UserError for an unknown one."""
    found = versions.kernel(name).name
    wanted = plan(s)
    return side_by_side(f"What if it were {found}", wanted, rerun(s, wanted, kernel=found), "")


def skip_each(s: Session, start: int, stop: int) -> Grid:
    """Leave out each flush that KVM executed in `start <= position < stop` in turn; which of them does the session need?"""
    wanted = plan(s)
    before = forbidden(wanted.copy)
    flushes = [at for at in range(start, min(stop, s.tape.end)) if is_flush(s.tape.entries[at])]
    rows = tuple(needed_row(wanted.copy, at, needed(before, rerun(s, wanted, left_out=(at,)))) for at in flushes)
    count = sum(bool(row.mark) for row in rows)
    note = "" if rows else f"KVM flushed nothing from #{start} to #{stop}."
    return Grid(f"What if each flush were left out: {count} of {len(rows)} are needed", columns("#>", "flush", "for", "drops>",
                                                                                               "needed", "because"), rows, note)


# -- effects -------------------------------------------------------------------------------------------------------


def is_flush(entry: Entry) -> bool:
    """Is it an INVVPID or INVEPT?"""
    return entry[0] is Invalidated and entry[2][1] in KVM_EXECUTES


def next_effect(s: Session) -> int:
    """Position of what `whatif skip` leaves out.  raises: UserError."""
    entries = s.tape.entries
    found = next((at for at in range(s.tape.cursor, s.tape.end) if entries[at][0] is RequestMade or is_flush(entries[at])), None)
    if found is None:
        raise UserError(f"no INVVPID, no INVEPT and no request lies ahead of #{s.tape.cursor} on the tape",
                        "Go back before one: reverse-until flush, reverse-until req.")
    return found


def needed(before: list[Use], other: Rerun) -> str:
    """Why the session needs what a re-run left out; "" when it does not."""
    after = forbidden(other.session)
    if len(after) > len(before):
        return f"forbidden use of the {describe(after[0].key)}: {after[0].verdict.text}"
    if other.failures:
        return other.failures[0]
    return other.ended


def needed_row(copy: Session, position: int, why: str) -> Row:
    event = Invalidated(*copy.tape.entries[position][2])
    asked = asker(copy.kvm, position, event)
    said = entry_text(copy.kvm, copy.tape.entries[position]).partition(":")[0].partition(" ")[2]
    return Row((f"#{position}", said, asked.requester, str(len(event.dropped)), "yes" if why else "no", why),
               DIFFERS if why else "", position, "" if why else "dim")


def forbidden(s: Session) -> list[Use]:
    """Every use of a translation that nobody may use any more, on the whole tape."""
    return [use for use in uses(s.kvm, index_of(s.kvm), 0, s.tape.end) if use.verdict.status == FORBIDDEN]


# -- what differs --------------------------------------------------------------------------------------------------


class Difference(NamedTuple):
    """One thing that is not the same in both."""

    what: str
    present: str
    other: str
    mark: str


def side_by_side(title: str, wanted: Plan, other: Rerun, said: str) -> Grid:
    """What differs between a session and its re-run, both at their ends: consequences first, then figures, then the state."""
    found = [*consequences(wanted.copy, other), *figures(wanted.copy, other.session)]
    state = list(state_differences(wanted.copy, other.session))
    rows = [Row((one.what, one.present, one.other), one.mark, one.what, "differs" if one.mark == DIFFERS else "")
            for one in (*found, *state[:MOST])]
    more = f"{len(state) - MOST} more cells of the state differ." if len(state) > MOST else ""
    note = " ".join(filter(None, (said, more, "" if rows else "Nothing differs.")))
    return Grid(title, columns("what", "is", "would be"), tuple(rows), note)


def consequences(copy: Session, other: Rerun) -> Iterator[Difference]:
    """Forbidden uses, expectations that do not hold, where it ends, accesses that reach something else."""
    is_, would = forbidden(copy), forbidden(other.session)
    if len(is_) != len(would):
        told = would[0].verdict.text if would else ""
        yield Difference(FORBIDDEN_USES, str(len(is_)), f"{len(would)}{': ' if told else ''}{told}", DIFFERS)
    for failure in other.failures:
        yield Difference("expectation", "holds", failure, DIFFERS)
    if other.ended:
        yield Difference("the session", "goes on", f"ends: {other.ended}", DIFFERS)
    yield from accesses(copy, other.session)


def accesses(copy: Session, other: Session) -> Iterator[Difference]:
    """The first load, store, fetch or fault of the guest that is another one."""
    is_, would = ([entry_text(s.kvm, entry) for entry in s.tape.entries if entry[0] in (Accessed, Faulted)] for s in (copy, other))
    at = next((i for i, (a, b) in enumerate(zip(is_, would, strict=False)) if a != b), min(len(is_), len(would)))
    if at < max(len(is_), len(would)):
        yield Difference("access", is_[at] if at < len(is_) else "none", would[at] if at < len(would) else "none", DIFFERS)


def figures(copy: Session, other: Session) -> Iterator[Difference]:
    """The numbers of `compare` that are not the same; the forbidden uses have been told."""
    accounts = [compare.judged(s.kvm, compare.account(s.kernel, s.tape)) for s in (copy, other)]
    for title, (one, two) in compare.lines(accounts):
        if one != two and title != FORBIDDEN_USES:
            yield Difference(title, str(one), str(two), CHANGED)


def state_differences(copy: Session, other: Session) -> Iterator[Difference]:
    """Cells of the state that differ at the ends: TLB entries first, then registers and fields of vCPUs, then memory."""
    found = []
    for name, owner in copy.tape.owners.items():
        twin = other.tape.owners[name]
        is_, would = dict(owner.frozen()), dict(twin.frozen())
        for key in is_.keys() | would.keys():
            one, two = is_.get(key, ABSENT), would.get(key, ABSENT)
            if not same(ageless(one), ageless(two)) and not (key == "fills" and isinstance(owner, Cpu)):
                mark = FILLED if one is ABSENT else GONE if two is ABSENT else CHANGED
                rank = 0 if isinstance(key, TlbKey) else 1 if isinstance(owner, Record) else 2
                found.append((rank, cell_name(copy.kvm, owner, key),
                              cell_value(copy.kvm, owner, key, one), cell_value(other.kvm, twin, key, two), mark))
    yield from (Difference(*one[1:]) for one in sorted(found))


def ageless(value: Any) -> Any:
    """A translation without its age, which only counts fills."""
    return value._replace(age=0) if isinstance(value, TlbEntry) else value
