"""One session on several kernels, side by side: what each flushed, dropped, asked for, entered and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated, VmExited
from kvmdbg.machine.kvm.events import FlushAsked, NestedEntered, NestedExited, RequestMade
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.verdict import FORBIDDEN, STALE
from kvmdbg.session.grid import DIFFERS, Column, Grid, Row
from kvmdbg.session.judged import judged_of
from kvmdbg.session.script import Ran
from kvmdbg.session.settings import STOP_ON_FORBIDDEN
from kvmdbg.session.tape_index import index_of
from kvmdbg.tape import Tape

BY_KVM: Final = ("invvpid", "invept")
PROCESSOR: Final = "processor"
# Which part of KVM a flush served, by the purpose that its code gave.
PARTS: Final = {"nested entry": "nested code", "nested exit": "nested code", "root load": "root loads",
                "INVVPID emulation": "emulation", "INVEPT emulation": "emulation"}


class Player(Protocol):
    """The part of a Session that a comparison needs."""

    @property
    def kvm(self) -> Kvm: ...
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

    def as_data(self) -> dict[str, Any]:
        return self._asdict() | {"failures": list(self.failures)}


def flush_name(event: Invalidated) -> str:
    """ "invvpid:single-context", "mov cr3": as `break flush:...` names it."""
    return f"{event.by}:{event.type}" if event.type else event.by


def purpose(by: str) -> str:
    """The part of KVM that a purpose belongs to; a request is one whatever its name."""
    if by.startswith("KVM_REQ_"):
        return "requests"
    return PARTS.get(by, by)


def account(kernel: str, tape: Tape, failures: tuple[str, ...] = ()) -> Account:
    """Count what lies on a tape before its cursor."""
    flushes: Counter[str] = Counter()
    flushes_by: Counter[str] = Counter()
    requests_by: Counter[str] = Counter()
    seen: Counter[type] = Counter()
    dropped = 0
    asked = PROCESSOR
    for _, event in tape.events():
        seen[type(event)] += 1
        match event:
            case Invalidated():
                flushes[flush_name(event)] += 1
                flushes_by[asked if event.by in BY_KVM else PROCESSOR] += 1
                dropped += len(event.dropped)
            case FlushAsked():
                asked = purpose(event.by)
            case RequestMade():
                requests_by[event.name] += 1
    return Account(kernel, dict(sorted(flushes.items())), dropped, dict(sorted(flushes_by.items())), seen[RequestMade],
                   dict(sorted(requests_by.items())), seen[VmExited], seen[NestedEntered], seen[NestedExited],
                   0, 0, 0, 0, tape.digest(), failures)


def judged(kvm: Kvm, found: Account) -> Account:
    """The account with what the oracle says of the same stretch of tape."""
    verdicts, stop = judged_of(kvm), kvm.tape.cursor
    worths = [verdicts.worth(position) for position in index_of(kvm.tape).invalidations_before(stop)]
    return found._replace(fresh_dropped=sum(flush.fresh for flush in worths), excess_flushes=sum(flush.excess for flush in worths),
                          stale_uses=verdicts.count(STALE, 0, stop), forbidden_uses=verdicts.count(FORBIDDEN, 0, stop))


def compare(name: str, text: str, kernels: Sequence[str], start: Callable[[str], Player]) -> list[Account]:
    """Run the script `text` on each kernel.  start: makes a fresh session on a kernel, and keeps it whatever the script says.

    A script that fails on one kernel is counted up to there.  Forbidden uses are counted and do not stop, so that the session is
    the same everywhere; the script's own breakpoints do.  raises: UserError for an unknown kernel, before anything has run.
    """
    return [played(kernel, player, name, text) for kernel, player in [(kernel, start(kernel)) for kernel in kernels]]


def played(kernel: str, player: Player, name: str, text: str) -> Account:
    """The account of one kernel."""
    player.choose(STOP_ON_FORBIDDEN, "off")
    try:
        failures = tuple(str(failure) for failure in player.run_script(name, text).failures)
    except UserError as wrong:
        failures = (str(wrong),)
    return judged(player.kvm, account(kernel, player.kvm.tape, failures))


def side_by_side(accounts: Sequence[Account]) -> Grid:
    """A row for each number, a column for each kernel; ! where the kernels differ."""
    rows = [row for title, values in lines(accounts) if (row := line(title, values))]
    return Grid("", (Column(""), *(Column(one.kernel, ">") for one in accounts)), tuple(rows))


def lines(accounts: Sequence[Account]) -> list[tuple[str, list[int]]]:
    """(title, the number on each kernel), maps spelt out."""
    found = []
    for field, title in (("flushes", "flush "), ("entries_dropped", "entries dropped"),
                         ("fresh_dropped", "of these fresh"), ("excess_flushes", "excess flushes"), ("flushes_by", "flushes for "),
                         ("requests", "requests"), ("requests_by", "request "), ("exits", "exits"),
                         ("nested_entries", "nested entries"), ("nested_exits", "nested exits"),
                         ("stale_uses", "stale uses"), ("forbidden_uses", "forbidden uses")):
        values = [getattr(one, field) for one in accounts]
        if isinstance(values[0], dict):
            keys = sorted({key for value in values for key in value})
            found += [(f"{title}{key}", [value.get(key, 0) for value in values]) for key in keys]
        else:
            found.append((title, values))
    return found


def line(title: str, values: list[int]) -> Row:
    differ = len(set(values)) > 1
    return Row((title, *map(str, values)), DIFFERS if differ else "", title, "differs" if differ else "")
