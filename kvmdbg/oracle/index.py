"""What the oracle has read of the tape: values of any cell at any position, who ran when, what invalidated when.

An index reads every entry once and follows the tape.  When the tape was cut it drops what lies beyond the cut: an entry
that is still in its place proves that everything before it is, because a tape changes at its end only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary, ref

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import TlbEntry, TlbKey
from kvmdbg.machine.kvm.state import Kvm, ShadowKey
from kvmdbg.oracle.closings import Closings
from kvmdbg.oracle.contexts import Contexts, alive
from kvmdbg.tape import ABSENT, Entry

STRIDE: Final = 512              # entries between two marks
VCPU_FIELDS: Final = frozenset({"todo", "program", "requests", "exit_insn", "vmcs02", "cpu"})
VMCS_FIELDS: Final = frozenset({F.GUEST_PHYSICAL_ADDRESS, F.GUEST_LINEAR_ADDRESS})

Cell = tuple[Any, Any]           # (owner, key): a Table and a key of it, or a Record and the name of a field


class Mark(NamedTuple):
    """What is needed to go on reading from a position."""

    position: int
    last: Entry | None           # the entry before it
    contexts: Any
    closings: Any


class Index:
    """The tape of one machine, read up to `read`."""

    def __init__(self, kvm: Kvm) -> None:
        self._kvm = ref(kvm)                             # an index must not keep its machine alive
        self._entries = kvm.tape.entries
        self.read = 0
        self.walks = 0                                   # walks evaluated so far: a work counter for tests
        self.judged: dict[Any, Any] = {}                 # verdicts kept by uses.py
        self.changes: list[int] = []                     # writes to memory, guest pages and shadow pages
        self._last: Entry | None = None
        hw = kvm.hw
        self._vmcs = hw.vmcs
        self._tables: tuple[Any, ...] = (hw.memory, kvm.pages, kvm.gfn_of, kvm.memslots, kvm.shadow_pages, hw.vmcs, *hw.tlb,
                                         *kvm.vcpus)
        self._cells: dict[Any, defaultdict[Any, list[int]]] = {table: defaultdict(list) for table in self._tables}
        self.contexts = Contexts(kvm, self.initial)
        self.closings = Closings(self)
        self._marks: list[Mark] = [Mark(0, None, self.contexts.save(), self.closings.save())]
        self._handlers: dict[Any, Callable[[int, Any, Any, Any], None]] = {**self.contexts.handlers(), **self.closings.handlers()}
        self._structures = frozenset({hw.memory, kvm.pages, kvm.memslots, kvm.shadow_pages})
        self._picky: dict[Any, frozenset[str] | frozenset[int]] = dict.fromkeys(kvm.vcpus, VCPU_FIELDS)

    @property
    def kvm(self) -> Kvm:
        """The machine.  raises: ModelBug when it is gone."""
        return alive(self._kvm)

    # -- reading on ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what was appended since, and forget what was cut off."""
        entries = self._entries
        if self.read and (self.read > len(entries) or entries[self.read - 1] is not self._last):
            self._go_back(entries)
        while self.read < len(entries):
            self._read_to(min(len(entries), self.read - self.read % STRIDE + STRIDE))
            if self.read % STRIDE == 0:
                self._marks.append(Mark(self.read, self._last, self.contexts.save(), self.closings.save()))

    def _read_to(self, stop: int) -> None:
        entries, cells, handlers = self._entries, self._cells, self._handlers
        for position in range(self.read, stop):
            owner, key, old, new = entries[position]
            table = cells.get(owner)
            if table is not None:
                self._note(table, owner, key, position)
            handler = handlers.get(owner)
            if handler is not None:
                handler(position, key, old, new)
        self.read = stop
        self._last = entries[stop - 1]

    def _note(self, table: defaultdict[Any, list[int]], owner: Any, key: Any, position: int) -> None:
        if owner in self._structures:
            self.changes.append(position)
        elif owner is self._vmcs:
            if key[1] not in VMCS_FIELDS:
                return
        elif owner in self._picky and key not in self._picky[owner]:
            return
        table[key].append(position)

    def _go_back(self, entries: list[Entry]) -> None:
        """Back to the last mark that the tape still agrees with."""
        while not self._holds(entries, self._marks[-1]):
            self._marks.pop()
        mark = self._marks[-1]
        self.read, self._last = mark.position, mark.last
        for table in self._cells.values():
            for positions in table.values():
                del positions[bisect_left(positions, mark.position):]
        del self.changes[bisect_left(self.changes, mark.position):]
        self.contexts.restore(mark.position, mark.contexts)
        self.closings.restore(mark.position, mark.closings)
        self.judged.clear()

    @staticmethod
    def _holds(entries: list[Entry], mark: Mark) -> bool:
        return mark.position == 0 or (mark.position <= len(entries) and entries[mark.position - 1] is mark.last)

    # -- values ----------------------------------------------------------------------------------------------------

    def initial(self, owner: Any, key: Any) -> Any:
        """The value of a Record's field at position #0."""
        first = next((entry for entry in self._entries if entry[0] is owner and entry[1] == key), None)
        return getattr(owner, key) if first is None else first[2]

    def value_at(self, owner: Any, key: Any, position: int, default: Any = None) -> Any:
        """The value of a cell of a Table as of `position`, the entry at `position` not yet made; `default` where absent."""
        positions = self._cells[owner].get(key)
        if not positions:
            return owner.get(key, default)
        i = bisect_left(positions, position)
        entries = self._entries
        value = entries[positions[i]][2] if i < len(positions) else entries[positions[-1]][3]
        return default if value is ABSENT else value

    def field_at(self, owner: Any, key: str, position: int) -> Any:
        """The value of one of VCPU_FIELDS of a Vcpu as of `position`."""
        positions = self._cells[owner].get(key)
        if not positions:
            return getattr(owner, key)
        i = bisect_left(positions, position)
        entries = self._entries
        return entries[positions[i]][2] if i < len(positions) else entries[positions[-1]][3]

    def read_at(self, pa: int, position: int) -> int:
        """The 64 bits of physical memory at `pa` (a multiple of 8) as of `position`."""
        return int(self.value_at(self.kvm.hw.memory, pa, position, 0))

    def has_memory(self, gfn: int, position: int) -> bool:
        """Was there a memslot with this frame as of `position`?"""
        slots = self.kvm.memslots
        bases = {base for base, _ in slots.unordered()} | set(self._cells[slots])
        return any(base <= gfn < base + self.value_at(slots, base, position, 0) for base in bases)

    def slots_that_change(self) -> tuple[Cell, ...]:
        """The memslots that have come or gone since the tape began."""
        return tuple((self.kvm.memslots, base) for base in self._cells[self.kvm.memslots])

    def shadow_page_at(self, hpa: int, position: int) -> ShadowKey | None:
        """Which shadow page of KVM a host frame held as of `position`."""
        pages = self.kvm.shadow_pages
        known: set[ShadowKey] = {key for key, _ in pages.unordered()} | set(self._cells[pages])
        return next((key for key in known if (page := self.value_at(pages, key, position)) is not None and page.hpa == hpa), None)

    def last_write(self, owner: Any, key: Any, position: int) -> int:
        """Position of the last write to a cell before `position`; -1 when there was none."""
        positions = self._cells[owner].get(key, ())
        i = bisect_left(positions, position)
        return positions[i - 1] if i else -1

    def changed(self, cells: tuple[Cell, ...], start: int, stop: int) -> bool:
        """Was one of the cells written in `start <= position < stop`?"""
        i = bisect_left(self.changes, start)
        if i == len(self.changes) or self.changes[i] >= stop:
            return False
        return any(self.last_write(owner, key, stop) >= start for owner, key in cells)

    def changed_at_all(self, start: int, stop: int) -> bool:
        """Was any memory, guest page or shadow page written in `start <= position < stop`?"""
        i = bisect_left(self.changes, start)
        return i < len(self.changes) and self.changes[i] < stop

    # -- the TLB ---------------------------------------------------------------------------------------------------

    def entry_at(self, cpu: int, key: TlbKey, position: int) -> TlbEntry | None:
        """What was cached under a key as of `position`."""
        entry: TlbEntry | None = self.value_at(self.kvm.hw.tlb[cpu], key, position)
        return entry

    def filled_at(self, cpu: int, key: TlbKey, position: int) -> int:
        """Position of the fill of the entry that is cached as of `position`; -1 when it was there before the tape began."""
        return self.last_write(self.kvm.hw.tlb[cpu], key, position)

    def keys_at(self, cpu: int, position: int) -> tuple[TlbKey, ...]:
        """Keys of everything cached on a processor as of `position`, sorted."""
        table = self.kvm.hw.tlb[cpu]
        known = set(self._cells[table]) | {key for key, _ in table.unordered()}
        return tuple(sorted(key for key in known if self.value_at(table, key, position) is not None))


_indexes: WeakKeyDictionary[Kvm, Index] = WeakKeyDictionary()


def index_of(kvm: Kvm) -> Index:
    """The machine's index, read to the end of the tape.  raises: ModelBug for a machine that runs without recording."""
    if not kvm.tape.recording:
        raise ModelBug("the oracle reads the tape, and this machine does not record one")
    index = _indexes.get(kvm)
    if index is None:
        index = _indexes[kvm] = Index(kvm)
    index.refresh()
    return index
