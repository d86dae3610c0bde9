"""How anything here remembers: one tape of writes and events, and a cursor that moves both ways.

Theory of operation.  State is `Record`s (named slots) and `Table`s (dicts) that belong to one `Tape`.  Assigning
to them changes the state *and* appends an entry; `emit` appends an entry that changes nothing.  The cursor stands
between entries: the state always equals the effect of the entries before it.  `seek` moves it by undoing or redoing
entries, so going back costs what is crossed and never re-executes anything.  Whoever wants to know what happened
(timeline, watchpoints, change marks, recorder) reads the tape; nothing calls upward.

An entry is a plain tuple `(owner, key, old, new)`:
  a write to a Record   owner the Record, key the field's name
  a write to a Table    owner the Table, key its key; old or new may be ABSENT
  an event              owner the event's class (a NamedTuple), key None, old its arguments, new None
While `listening`, a parallel list keeps the model's own call stack of each entry as a flat tuple
`(code, instruction offset, code, offset, ...)`, innermost first: line numbers are computed only when asked for.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from enum import Enum
from types import CodeType
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kvmdbg.errors import ModelBug

K = TypeVar("K")
V = TypeVar("V")


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent.ABSENT
Entry = tuple[Any, Any, Any, Any]
Stamp = tuple[Any, ...]
_set_slot = object.__setattr__


class Frame(NamedTuple):
    """One line of a backtrace of the model: innermost frames come first."""

    function: str     # the model function's name, which is the kernel's or the manual's
    file: str         # path of the Python file
    line: int         # 1-based
    code: CodeType


class Piece(NamedTuple):
    """Tape that was cut off and can be pasted back (undo and redo of whole actions)."""

    entries: tuple[Entry, ...]
    stamps: tuple[Stamp, ...]


class Tape:
    """Every write and event of one machine, in order.

    recording: False makes the machine run bare (no entries, no time travel): for benchmarks only.
    listening: True keeps a stamp of the model's call stack with each entry.
    """

    def __init__(self, recording: bool = True, listening: bool = False) -> None:
        self.entries: list[Entry] = []
        self.stamps: list[Stamp] = []
        self.cursor = 0
        self.recording = recording
        self.listening = listening
        self.bottom: CodeType | None = None      # stamps end below the frame of this code
        self.owners: dict[str, Record | Table[Any, Any]] = {}

    # -- growing ------------------------------------------------------------------------------------------------

    def adopt(self, name: str, owner: Record | Table[Any, Any]) -> None:
        """Make `owner` part of the state under a unique `name`.  raises: ModelBug when the name is taken."""
        if name in self.owners:
            raise ModelBug(f"two owners of state are called {name!r}", self.cursor)
        self.owners[name] = owner

    def write(self, owner: Any, key: Any, old: Any, new: Any) -> None:
        """Append one write; called by Record and Table only, before they change."""
        if not self.recording:
            return
        entries = self.entries
        if self.cursor != len(entries):
            raise ModelBug("a write in the past: the tape must be cut before the machine runs on", self.cursor)
        entries.append((owner, key, old, new))
        self.cursor += 1
        self.stamps.append(self._stamp() if self.listening else ())

    def emit(self, event: type, *args: Any) -> None:
        """Append one event; the event's object is built only when somebody reads it."""
        if not self.recording:
            return
        entries = self.entries
        if self.cursor != len(entries):
            raise ModelBug("an event in the past: the tape must be cut before the machine runs on", self.cursor)
        entries.append((event, None, args, None))
        self.cursor += 1
        self.stamps.append(self._stamp() if self.listening else ())

    def _stamp(self) -> Stamp:
        frame = sys._getframe(2)
        if frame.f_code is _RECORD_SET or frame.f_code in _TABLE_SETS:
            frame = frame.f_back  # type: ignore[assignment]
        bottom = self.bottom
        stamp: list[Any] = []
        at: Any = frame
        while at is not None and at.f_code is not bottom:
            stamp.append(at.f_code)
            stamp.append(at.f_lasti)
            at = at.f_back
        return tuple(stamp)

    # -- moving -------------------------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """Position after the last entry."""
        return len(self.entries)

    def seek(self, position: int) -> None:
        """Move the cursor to `position` (0 .. end), undoing or redoing what lies between.

        raises: ModelBug outside that range; callers check what a person typed.
        """
        if not 0 <= position <= len(self.entries):
            raise ModelBug(f"no position #{position} on a tape of {len(self.entries)}", self.cursor)
        entries = self.entries
        cursor = self.cursor
        while cursor > position:
            cursor -= 1
            owner, key, old, _ = entries[cursor]
            if key is not None:
                owner._put(key, old)
        while cursor < position:
            owner, key, _, new = entries[cursor]
            if key is not None:
                owner._put(key, new)
            cursor += 1
        self.cursor = position

    def cut(self) -> Piece:
        """Cut off everything from the cursor on and return it."""
        at = self.cursor
        piece = Piece(tuple(self.entries[at:]), tuple(self.stamps[at:]))
        del self.entries[at:]
        del self.stamps[at:]
        return piece

    def paste(self, piece: Piece) -> None:
        """Append a piece cut off at this very position and move over it."""
        if self.cursor != len(self.entries):
            raise ModelBug("a piece can be pasted at the end of the tape only", self.cursor)
        self.entries.extend(piece.entries)
        self.stamps.extend(piece.stamps)
        self.seek(len(self.entries))

    # -- reading ------------------------------------------------------------------------------------------------

    def event(self, position: int) -> Any | None:
        """The event at `position`, built, or None when the entry is a write."""
        owner, key, args, _ = self.entries[position]
        return owner(*args) if key is None else None

    def events(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Any]]:
        """`(position, event)` for every event in `start <= position < stop`; stop defaults to the cursor."""
        for position in range(start, self.cursor if stop is None else stop):
            owner, key, args, _ = self.entries[position]
            if key is None:
                yield position, owner(*args)

    def stack(self, position: int) -> tuple[Frame, ...]:
        """The model's call stack when the entry at `position` was made, innermost first; empty if nobody listened."""
        if not 0 <= position < len(self.stamps):
            return ()
        stamp = self.stamps[position]
        return tuple(frame_of(stamp[i], stamp[i + 1]) for i in range(0, len(stamp), 2))

    def freeze(self) -> dict[str, Any]:
        """The whole state as plain data in canonical order: equal states freeze equal."""
        return {name: self.owners[name].frozen() for name in sorted(self.owners)}

    def digest(self) -> str:
        """Sixteen hexadecimal digits that name the state at the cursor; equal on every machine."""
        return hashlib.sha256(repr(self.freeze()).encode()).hexdigest()[:16]


_lines: dict[CodeType, tuple[tuple[int, int, int], ...]] = {}


def frame_of(code: CodeType, offset: int) -> Frame:
    """The Frame of an instruction offset in `code`."""
    ranges = _lines.get(code)
    if ranges is None:
        ranges = tuple((start, stop, line or code.co_firstlineno) for start, stop, line in code.co_lines())
        _lines[code] = ranges
    line = next((line for start, stop, line in ranges if start <= offset < stop), code.co_firstlineno)
    return Frame(code.co_name, code.co_filename, line, code)


class Record:
    """State with named slots.  Assign to it as usual: each change of value is one tape entry.

    Subclasses name their fields in `__slots__` and annotate them; values are ints, strings, enums, tuples and
    frozen records, never lists, dicts or mutable objects.
    """

    __slots__ = ("tape", "name")
    tape: Tape
    name: str

    def __init__(self, tape: Tape, name: str, **values: Any) -> None:
        _set_slot(self, "tape", tape)
        _set_slot(self, "name", name)
        missing = set(self.fields()) ^ set(values)
        if missing:
            raise ModelBug(f"{type(self).__name__} {name!r} needs a value for each slot once: {sorted(missing)}")
        for field, value in values.items():
            _set_slot(self, field, value)
        tape.adopt(name, self)

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Names of the fields that are state, in declaration order."""
        return tuple(slot for klass in reversed(cls.__mro__[:-2]) for slot in klass.__dict__.get("__slots__", ()))

    def __setattr__(self, field: str, value: Any) -> None:
        old = getattr(self, field)
        if old is value or (old == value and type(old) is type(value)):
            return
        self.tape.write(self, field, old, value)
        _set_slot(self, field, value)

    def _put(self, field: str, value: Any) -> None:
        _set_slot(self, field, value)

    def frozen(self) -> tuple[tuple[str, Any], ...]:
        return tuple((field, getattr(self, field)) for field in self.fields())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Table(Generic[K, V]):
    """State in a dict.  It offers `[]`, `del`, `get`, `in`, `len` and sorted iteration, and nothing else.

    Behaviour never depends on the order of insertion: undoing a `del` would put the key last.
    """

    __slots__ = ("tape", "name", "_items")

    def __init__(self, tape: Tape, name: str) -> None:
        self.tape = tape
        self.name = name
        self._items: dict[K, V] = {}
        tape.adopt(name, self)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def get(self, key: K, default: Any = None) -> Any:
        return self._items.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def __setitem__(self, key: K, value: V) -> None:
        old = self._items.get(key, ABSENT)
        if old is value or (old == value and type(old) is type(value)):
            return
        self.tape.write(self, key, old, value)
        self._items[key] = value

    def __delitem__(self, key: K) -> None:
        self.tape.write(self, key, self._items[key], ABSENT)
        del self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(sorted(self._items))  # type: ignore[type-var]

    def items(self) -> Iterator[tuple[K, V]]:
        """`(key, value)` in key order."""
        return ((key, self._items[key]) for key in sorted(self._items))  # type: ignore[type-var]

    def unordered(self) -> Iterator[tuple[K, V]]:
        """`(key, value)` in no order, for scans whose result does not depend on it."""
        return iter(self._items.items())

    def _put(self, key: K, value: Any) -> None:
        if value is ABSENT:
            self._items.pop(key, None)
        else:
            self._items[key] = value

    def frozen(self) -> tuple[tuple[K, V], ...]:
        return tuple(self.items())

    def __repr__(self) -> str:
        return f"<Table {self.name} of {len(self)}>"


_RECORD_SET: Final = Record.__setattr__.__code__
_TABLE_SETS: Final = frozenset((Table.__setitem__.__code__, Table.__delitem__.__code__))
