"""One session on several kernels, side by side: what each flushed, dropped, asked for, entered and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Invalidated, VmExited
from kvmdbg.machine.kvm.events import FlushAsked, NestedEntered, NestedExited, RequestMade
from kvmdbg.session.grid import DIFFERS, Column, Grid, Row
from kvmdbg.session.script import Ran
from kvmdbg.tape import Tape

BY_KVM: Final = ("invvpid", "invept")
PROCESSOR: Final = "processor"
# Which part of KVM a flush served, by the purpose that its code gave.
PARTS: Final = {"nested entry": "nested code", "nested exit": "nested code", "root load": "root loads",
                "INVVPID emulation": "emulation", "INVEPT emulation": "emulation"}


class Player(Protocol):
    """The part of a Session that a comparison needs."""

    @property
    def tape(self) -> Tape: ...
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
                   tape.digest(), failures)


def compare(name: str, text: str, kernels: Sequence[str], start: Callable[[str], Player]) -> list[Account]:
    """Run the script `text` on each kernel.  start: makes a fresh session on a kernel, and keeps it whatever the script says.

    A script that fails on one kernel is counted up to there.  raises: UserError for an unknown kernel, before anything has run.
    """
    return [played(kernel, player, name, text) for kernel, player in [(kernel, start(kernel)) for kernel in kernels]]


def played(kernel: str, player: Player, name: str, text: str) -> Account:
    """The account of one kernel."""
    try:
        failures = tuple(str(failure) for failure in player.run_script(name, text).failures)
    except UserError as wrong:
        failures = (str(wrong),)
    return account(kernel, player.tape, failures)


def side_by_side(accounts: Sequence[Account]) -> Grid:
    """A row for each number, a column for each kernel; ! where the kernels differ."""
    rows = [row for title, values in lines(accounts) if (row := line(title, values))]
    return Grid("", (Column(""), *(Column(one.kernel, ">") for one in accounts)), tuple(rows))


def lines(accounts: Sequence[Account]) -> list[tuple[str, list[int]]]:
    """(title, the number on each kernel), maps spelt out."""
    found = []
    for field, title in (("flushes", "flush "), ("entries_dropped", "entries dropped"), ("flushes_by", "flushes for "),
                         ("requests", "requests"), ("requests_by", "request "), ("exits", "exits"),
                         ("nested_entries", "nested entries"), ("nested_exits", "nested exits")):
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
