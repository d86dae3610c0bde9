"""Where on a tape the things lie that reports ask for: fills, invalidations, requests, flushes asked for.

Reading a long tape for each screen would cost what happened, not what is visible.  An index reads every entry once, when
somebody first asks after it was made, and answers by bisection.  When the tape was cut below what has been read, it starts again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Any, Final
from weakref import WeakKeyDictionary

from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.machine.kvm.events import FlushAsked, RequestMade
from kvmdbg.tape import ABSENT, Entry, Tape


class TapeIndex:
    """Positions by what happened there, ascending."""

    def __init__(self, tape: Tape) -> None:
        self._entries = tape.entries
        self._tlbs = {owner: cpu for cpu, owner in tlb_tables(tape).items()}
        self._forget()

    def _forget(self) -> None:
        self._read = 0
        self._last: Entry | None = None
        self.invalidations: list[int] = []
        self.flushes_asked: list[int] = []
        self._fills: defaultdict[tuple[int, Any], list[int]] = defaultdict(list)         # (cpu, key) -> positions
        self._removals: defaultdict[tuple[int, Any], list[int]] = defaultdict(list)
        self._requests: defaultdict[tuple[int, str], list[int]] = defaultdict(list)      # (vcpu, name) -> positions

    def refresh(self) -> None:
        """Read what was appended since; start again if what had been read last is not there any more."""
        entries = self._entries
        if self._read and (self._read > len(entries) or entries[self._read - 1] is not self._last):
            self._forget()
        if self._read == len(entries):
            return
        tlbs = self._tlbs
        for position in range(self._read, len(entries)):
            owner, key, old, new = entries[position]
            if owner in tlbs:
                (self._removals if new is ABSENT else self._fills)[tlbs[owner], key].append(position)
            elif owner is Invalidated:
                self.invalidations.append(position)
            elif owner is FlushAsked:
                self.flushes_asked.append(position)
            elif owner is RequestMade:
                self._requests[old[0], old[1]].append(position)
        self._read = len(entries)
        self._last = entries[-1]

    def filled(self, cpu: int, key: Any, cursor: int) -> int | None:
        """Position of the last fill of a TLB entry before `cursor`."""
        return before(self._fills.get((cpu, key), ()), cursor)

    def removed(self, cpu: int, key: Any, cursor: int) -> int | None:
        """Position of the last removal of a TLB entry before `cursor`."""
        return before(self._removals.get((cpu, key), ()), cursor)

    def requested(self, vcpu: int, name: str, cursor: int) -> int | None:
        """Position of the RequestMade that set the bit which is set at `cursor`: the last one that found it clear."""
        made = self._requests.get((vcpu, name), [])
        position = before(made, cursor)
        while position is not None and not self._sets_the_bit(position):
            position = before(made, position)
        return position

    def _sets_the_bit(self, position: int) -> bool:
        """A RequestMade that found the bit clear is followed by the write that sets it in vcpu->requests."""
        if position + 1 >= len(self._entries):
            return False
        _, key, old, new = self._entries[position + 1]
        return bool(key == "requests" and new & ~old)

    def invalidations_before(self, cursor: int) -> list[int]:
        """Positions of the Invalidated events before `cursor`."""
        return self.invalidations[:bisect_left(self.invalidations, cursor)]

    def asked_before(self, position: int) -> int | None:
        """Position of the last FlushAsked before `position`."""
        return before(self.flushes_asked, position)


def before(positions: Any, cursor: int) -> int | None:
    """The last of ascending `positions` that is below `cursor`."""
    at = bisect_left(positions, cursor)
    return positions[at - 1] if at else None


def tlb_tables(tape: Tape) -> dict[int, Any]:
    """The TLB of each logical processor by its number."""
    tables: dict[int, Any] = {}
    while (name := f"tlb{len(tables)}") in tape.owners:
        tables[len(tables)] = tape.owners[name]
    return tables


_indexes: Final[WeakKeyDictionary[Tape, TapeIndex]] = WeakKeyDictionary()


def index_of(tape: Tape) -> TapeIndex:
    """The index of a tape, brought up to date."""
    index = _indexes.get(tape)
    if index is None:
        index = _indexes[tape] = TapeIndex(tape)
    index.refresh()
    return index
