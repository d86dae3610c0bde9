"""One session on several kernels, side by side: what each flushed, dropped, asked for, entered and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import exit_reason_name
from kvmdbg.machine.hw.events import Invalidated, Referenced, VmEntered, VmExited
from kvmdbg.machine.kvm.events import (
    Decided,
    ExitHandled,
    FlushAsked,
    NestedEntered,
    NestedExited,
    RequestMade,
    RootAllocated,
    RootFreed,
    RootReused,
)
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.verdict import FORBIDDEN, STALE
from kvmdbg.session.grid import DIFFERS, Column, Grid, Row, columns
from kvmdbg.session.judged import judged_of
from kvmdbg.session.script import Ran
from kvmdbg.session.settings import STOP_ON_FORBIDDEN
from kvmdbg.session.tape_index import index_of, tlb_tables
from kvmdbg.session.timeline import Timeline
from kvmdbg.tape import ABSENT, Tape

BY_KVM: Final = ("invvpid", "invept")
PROCESSOR: Final = "processor"
# Which part of KVM a flush served, by the purpose that its code gave.
PARTS: Final = {"nested entry": "nested code", "nested exit": "nested code", "root load": "root loads",
                "INVVPID emulation": "emulation", "INVEPT emulation": "emulation"}
PARTS_SHOWN: Final = ("nested code", "root loads", "requests", "emulation")
ROOTS: Final = {RootAllocated: "allocated", RootReused: "reused", RootFreed: "freed"}
CANCELLED: Final = ("cancel this entry?", "yes")        # question and answer of the Decided event that calls an entry off
Stretch = tuple[int, int]                               # positions: start <= position < stop


class Player(Protocol):
    """The part of a Session that a comparison needs."""

    @property
    def kvm(self) -> Kvm: ...
    @property
    def timeline(self) -> Timeline: ...
    def choose(self, name: str, value: str) -> None: ...
    def run_script(self, name: str, text: str) -> Ran: ...


class Account(NamedTuple):
    """What happened on one kernel.  as_data() is an object of `compare --json`."""

    kernel: str
    flushes: dict[str, int]          # "invvpid:single-context" -> how often
    entries_dropped: int
    flushes_by: dict[str, int]       # "nested code", "root loads", "requests", "emulation", "processor" -> how often
    requests: int                    # made, whether or not the bit was set already
    requests_by: dict[str, int]      # "TLB_FLUSH_CURRENT" -> how often
    exits: int                       # VM exits of L1 and L2
    nested_entries: int
    nested_exits: int
    fresh_dropped: int               # of the entries dropped: those that equalled the tables
    excess_flushes: int              # flushes that dropped fresh entries only, none of which had to go
    stale_uses: int                  # accesses through a stale translation
    forbidden_uses: int              # accesses through a forbidden one
    digest: str                      # of the state at the end
    failures: tuple[str, ...] = ()   # expectations that did not hold here, and what ended the session before its end
    asked_by: dict[str, int] = {}    # "nested entry", "KVM_REQ_TLB_FLUSH_CURRENT", ... -> how often KVM set about flushing for it
    dropped_by: dict[str, int] = {}  # entries dropped, by the same parts as flushes_by
    exits_by: dict[str, int] = {}    # "L2 VMCALL" -> how often, whether L0 keeps it or L1 gets it
    vm_entries: int = 0              # VM entries that completed, to L1 and to L2
    entries_cancelled: int = 0       # called off at the last look at the requests
    roots: dict[str, int] = {}       # "allocated", "reused", "freed" -> how often
    references: int = 0              # memory references of page walks
    fills: int = 0                   # translations cached
    switches: int = 0                # address spaces changed by MOV CR3 without an exit
    intervals: dict[str, Account] = {}       # the named stretches, each by itself

    def as_data(self) -> dict[str, Any]:
        found = self._asdict() | {"failures": list(self.failures)}
        found["intervals"] = {name: one.counts() for name, one in self.intervals.items()}
        return found

    def counts(self) -> dict[str, Any]:
        """The numbers alone, as an interval has them."""
        return {name: value for name, value in self._asdict().items() if name not in ("kernel", "digest", "failures", "intervals")}


def flush_name(event: Invalidated) -> str:
    """ "invvpid:single-context", "mov cr3": as `break flush:...` names it."""
    return f"{event.by}:{event.type}" if event.type else event.by


def purpose(by: str) -> str:
    """The part of KVM that a purpose belongs to; a request is one whatever its name."""
    if by.startswith("KVM_REQ_"):
        return "requests"
    return PARTS.get(by, by)


class Tally:
    """Counts what lies on stretches of a tape."""

    def __init__(self) -> None:
        self.flushes: Counter[str] = Counter()
        self.flushes_by: Counter[str] = Counter()
        self.dropped_by: Counter[str] = Counter()
        self.asked_by: Counter[str] = Counter()
        self.requests_by: Counter[str] = Counter()
        self.exits_by: Counter[str] = Counter()
        self.roots: Counter[str] = Counter()
        self.seen: Counter[Any] = Counter()
        self.fills = 0
        self.cancelled = 0

    def stretch(self, tape: Tape, start: int, stop: int) -> None:
        """Add the entries at start <= position < stop."""
        tlbs = set(map(id, tlb_tables(tape).values()))
        asked = PROCESSOR
        for position in range(start, stop):
            owner, key, old, new = tape.entries[position]
            if key is not None:
                self.fills += id(owner) in tlbs and old is ABSENT and new is not ABSENT and not key.table_level
                continue
            self.seen[owner] += 1
            if owner in WEIGHED:
                event = owner(*old)
                asked = purpose(event.by) if owner is FlushAsked else asked
                self.weigh(event, asked)

    def weigh(self, event: Any, asked: str) -> None:
        """An event that says more than that it happened.  asked: the part of KVM that flushes."""
        match event:
            case Invalidated():
                by = asked if event.by in BY_KVM else PROCESSOR
                self.flushes[flush_name(event)] += 1
                self.flushes_by[by] += 1
                self.dropped_by[by] += len(event.dropped)
            case FlushAsked():
                self.asked_by[event.by] += 1
            case RequestMade():
                self.requests_by[event.name] += 1
            case ExitHandled():
                self.exits_by[f"L{event.level} {exit_reason_name(event.reason & 0xFFFF)}"] += 1
            case Decided():
                self.cancelled += (event.question, event.answer) == CANCELLED

    def account(self, kernel: str, digest: str, failures: tuple[str, ...]) -> Account:
        """What was counted; nothing is judged yet."""
        seen = self.seen
        return Account(kernel, ordered(self.flushes), self.dropped_by.total(), ordered(self.flushes_by), seen[RequestMade],
                       ordered(self.requests_by), seen[VmExited], seen[NestedEntered], seen[NestedExited], 0, 0, 0, 0, digest,
                       failures, ordered(self.asked_by), ordered(self.dropped_by), ordered(self.exits_by), seen[VmEntered],
                       self.cancelled, {name: seen[kind] for kind, name in ROOTS.items() if seen[kind]}, seen[Referenced],
                       self.fills, self.flushes["mov cr3"])


WEIGHED: Final = frozenset({Invalidated, FlushAsked, RequestMade, ExitHandled, Decided})


def ordered(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def account(kernel: str, tape: Tape, failures: tuple[str, ...] = (), stretches: Sequence[Stretch] | None = None) -> Account:
    """Count what lies on a tape: on stretches of it, or all before its cursor."""
    tally = Tally()
    for start, stop in [(0, tape.cursor)] if stretches is None else stretches:
        tally.stretch(tape, start, stop)
    return tally.account(kernel, tape.digest(), failures)


def judged(kvm: Kvm, found: Account, stretches: Sequence[Stretch] | None = None) -> Account:
    """The account with what the oracle says of the same stretches of tape."""
    verdicts = judged_of(kvm)
    parts = [(0, kvm.tape.cursor)] if stretches is None else stretches
    worths = [verdicts.worth(position) for start, stop in parts for position in index_of(kvm.tape).invalidations_before(stop)
              if position >= start]
    return found._replace(fresh_dropped=sum(flush.fresh for flush in worths), excess_flushes=sum(flush.excess for flush in worths),
                          stale_uses=sum(verdicts.count(STALE, *part) for part in parts),
                          forbidden_uses=sum(verdicts.count(FORBIDDEN, *part) for part in parts))


def compare(name: str, text: str, kernels: Sequence[str], start: Callable[[str], Player], between: tuple[str, str] = ("", "")
            ) -> list[Account]:
    """Run the script `text` on each kernel.  start: makes a fresh session on a kernel, and keeps it whatever the script says.

    A script that fails on one kernel is counted up to there.  Forbidden uses are counted and do not stop, so that the session is
    the same everywhere; the script's own breakpoints do.  between: bookmarks of the script (or positions) that bound what is
    counted; "" for its ends.  raises: UserError for an unknown kernel, before anything has run, and for an unknown bookmark.
    """
    return [played(kernel, player, name, text, between) for kernel, player in [(kernel, start(kernel)) for kernel in kernels]]


def played(kernel: str, player: Player, name: str, text: str, between: tuple[str, str] = ("", "")) -> Account:
    """The account of one kernel, and those of the script's intervals."""
    player.choose(STOP_ON_FORBIDDEN, "off")
    try:
        failures = tuple(str(failure) for failure in player.run_script(name, text).failures)
    except UserError as wrong:
        failures = (str(wrong),)
    kvm, timeline = player.kvm, player.timeline
    first, last = timeline.place(between[0] or "start"), timeline.place(between[1] or f"#{kvm.tape.cursor}")
    if first > last:
        raise UserError(f"{between[0] or 'start'} is #{first} on {kernel}, behind {between[1] or 'the end'} at #{last}")
    stretches: dict[str, list[Stretch]] = {}
    for one in timeline.intervals:
        if first <= one.start <= one.stop <= last:
            stretches.setdefault(one.name, []).append((one.start, one.stop))
    whole = [(first, last)]
    found = judged(kvm, account(kernel, kvm.tape, failures, whole), whole)
    return found._replace(intervals={title: judged(kvm, account(kernel, kvm.tape, (), parts), parts)
                                     for title, parts in stretches.items()})


def side_by_side(accounts: Sequence[Account]) -> Grid:
    """A row for each number, a column for each kernel; ! where the kernels differ."""
    rows = [row for title, values in lines(accounts) if (row := line(title, values))]
    return Grid("", (Column(""), *(Column(one.kernel, ">") for one in accounts)), tuple(rows))


TITLES: Final = (
    ("flushes", "flush "), ("flushes_by", "flushes for "), ("asked_by", "asked for by "), ("entries_dropped", "entries dropped"),
    ("dropped_by", "dropped for "), ("fresh_dropped", "of these fresh"), ("excess_flushes", "excess flushes"),
    ("requests", "requests"), ("requests_by", "request "), ("exits", "exits"), ("exits_by", "exit "), ("vm_entries", "VM entries"),
    ("entries_cancelled", "cancelled entries"), ("nested_entries", "nested entries"), ("nested_exits", "nested exits"),
    ("roots", "roots "), ("fills", "translations cached"), ("references", "walk references"), ("stale_uses", "stale uses"),
    ("forbidden_uses", "forbidden uses"))


def lines(accounts: Sequence[Account]) -> list[tuple[str, list[int]]]:
    """(title, the number on each kernel), maps spelt out; what is zero everywhere is left out, but for the verdicts."""
    found: list[tuple[str, list[int]]] = []
    for field, title in TITLES:
        values = [getattr(one, field) for one in accounts]
        if isinstance(values[0], dict):
            keys = sorted({key for value in values for key in value})
            found += [(f"{title}{key}", [value.get(key, 0) for value in values]) for key in keys]
        else:
            found.append((title, values))
    return [(title, values) for title, values in found if any(values) or title.endswith("uses")]


INTERVAL_COLUMNS: Final = (
    "interval", "kernel", "switches>", "nested flushes>", "nested code>", "root loads>", "requests>", "emulation>/2", "MOV CR3>/1",
    "dropped>", "of these fresh>/3", "cached again>", "walk references>", "exits>")


def interval_grid(accounts: Sequence[Account]) -> Grid:
    """A row for each interval on each kernel: flushes by whom they served, entries dropped, translations cached, references."""
    rows = []
    for name in dict.fromkeys(name for one in accounts for name in one.intervals):
        found = [(one.kernel, one.intervals[name]) for one in accounts if name in one.intervals]
        differ = len({one.fills for _, one in found}) > 1
        for kernel, one in found:
            asked = sum(one.asked_by.get(by, 0) for by, part in PARTS.items() if part == "nested code")
            numbers = (one.switches, asked, *(one.flushes_by.get(part, 0) for part in PARTS_SHOWN), one.flushes.get("mov cr3", 0),
                       one.entries_dropped, one.fresh_dropped, one.fills, one.references, one.exits)
            rows.append(Row((name, kernel, *map(str, numbers)), DIFFERS if differ else "", (name, kernel)))
    return Grid("Intervals: flushes by whom they served, and what followed", columns(*INTERVAL_COLUMNS), tuple(rows),
                "nested flushes: how often the nested code set about flushing; the columns after it count INVVPIDs and INVEPTs.")


def line(title: str, values: list[int]) -> Row:
    differ = len(set(values)) > 1
    return Row((title, *map(str, values)), DIFFERS if differ else "", title, "differs" if differ else "")
