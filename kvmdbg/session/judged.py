"""What the oracle has said of a whole tape: which uses were stale or forbidden, what each flush was worth; each is judged once.

Breakpoints, counts and reports ask about the same entries again and again, forwards and backwards.  Only what was appended
since the last question is judged, in the order of the tape; what was cut off is forgotten.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

from kvmdbg.errors import ModelBug, Unsupported, UserError
from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.contexts import alive
from kvmdbg.oracle.flushes import Flush, worth
from kvmdbg.oracle.index import index_of
from kvmdbg.oracle.selfcheck import check
from kvmdbg.oracle.uses import judge_again, uses
from kvmdbg.oracle.verdict import FRESH, Verdict
from kvmdbg.tape import Entry


def self_check(kvm: Kvm, start: int, stop: int) -> None:
    """The processor's own rules over what an action wrote (architecture.md C.3 point 8): cheap, so every session does it.

    raises: ModelBug with the position and how to write the script that leads there.
    """
    try:
        check(kvm, index_of(kvm), start, stop)
    except ModelBug as wrong:
        raise ModelBug(f"{wrong}.  `record FILE` writes a script that leads here; `goto #{wrong.position}` goes there",
                       wrong.position) from wrong


class Known(NamedTuple):
    """The worth of a flush, and the VM entry after it that settled it: an entry in its place proves all before it."""

    flush: Flush
    settled_at: int
    settled_by: Entry


class Judged:
    """The verdicts of one machine's tape, judged up to `read`."""

    def __init__(self, kvm: Kvm) -> None:
        self._kvm = ref(kvm)                             # what is kept for a machine must not keep it alive
        self._entries = kvm.tape.entries
        self.read = 0
        self._last: Entry | None = None
        self._seen: list[tuple[int, Entry]] = []         # every use that was judged
        self._bad: dict[int, Verdict] = {}               # position -> verdict of those that were not fresh
        self._worth: dict[int, Known] = {}

    # -- uses --------------------------------------------------------------------------------------------------------

    def status(self, position: int) -> str:
        """Of the translation that the Hit event at `position` uses: FRESH, STALE or FORBIDDEN."""
        verdict = self.verdict(position)
        return FRESH if verdict is None else verdict.status

    def verdict(self, position: int) -> Verdict | None:
        """The verdict on the translation used at `position`; None for a fresh one, and where nothing is used."""
        self.refresh()
        return self._bad.get(position)

    def count(self, status: str, start: int, stop: int) -> int:
        """How many uses in `start <= position < stop` were of that status, STALE or FORBIDDEN."""
        self.refresh()
        return sum(start <= position < stop and verdict.status == status for position, verdict in self._bad.items())

    def refresh(self) -> None:
        """Judge what was appended since, and forget what was cut off."""
        entries = self._entries
        if self.read and (self.read > len(entries) or entries[self.read - 1] is not self._last):
            self._forget()
        if self.read == len(entries):
            return
        kvm = alive(self._kvm)
        for use in uses(kvm, index_of(kvm), self.read, len(entries)):
            self._seen.append((use.position, entries[use.position]))
            if use.verdict.status != FRESH:
                self._bad[use.position] = use.verdict
        self.read, self._last = len(entries), entries[-1]

    def _forget(self) -> None:
        """Back to the last use that is still in its place."""
        entries, seen = self._entries, self._seen
        while seen and (seen[-1][0] >= len(entries) or entries[seen[-1][0]] is not seen[-1][1]):
            self._bad.pop(seen.pop()[0], None)
        self.read, self._last = (seen[-1][0] + 1, seen[-1][1]) if seen else (0, None)

    # -- flushes -----------------------------------------------------------------------------------------------------

    def worth(self, position: int) -> Flush:
        """What the flush whose Invalidated event is at `position` was worth, as far as the tape tells."""
        entries = self._entries
        known = self._worth.get(position)
        if known is not None and known.settled_at < len(entries) and entries[known.settled_at] is known.settled_by:
            return known.flush
        kvm = alive(self._kvm)
        index = index_of(kvm)
        flush = worth(kvm, index, position)
        settled = index.contexts.next_entry(flush.cpu, position)
        if settled is not None:
            self._worth[position] = Known(flush, settled, entries[settled])
        return flush


def verdict_on(kvm: Kvm, cpu: int, key: TlbKey, position: int) -> Verdict | None:
    """The verdict on what is cached under a key as of `position`; None where the oracle has none.

    It has none for what no guest could use.
    """
    try:
        return judge_again(index_of(kvm), cpu, key, position)
    except (UserError, Unsupported):
        return None


_judged: WeakKeyDictionary[Kvm, Judged] = WeakKeyDictionary()


def judged_of(kvm: Kvm) -> Judged:
    """What is known of a machine's tape."""
    found = _judged.get(kvm)
    if found is None:
        found = _judged[kvm] = Judged(kvm)
    return found
