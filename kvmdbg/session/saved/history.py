"""How a machine came to its state, as lines of a saved file: every entry of the tape, and which action or edit made it.

With it a session goes on as it was: backwards as well, with verdicts, flushes and "since when".  Only the model's own call stacks
are not kept.  The first time that a cell is written to, a line says what it held before; so each value is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, get_type_hints

from kvmdbg.machine.kvm.program import Program
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.saved.fitting import fits, kind_text
from kvmdbg.session.saved.kinds import is_record
from kvmdbg.session.saved.reading import END, Reader, Token
from kvmdbg.session.saved.writing import value_text
from kvmdbg.session.timeline import ActionMark, Branch, Edit, Interval, Timeline
from kvmdbg.tape import ABSENT, Piece, Record, Table

SECTION: Final = "history"
CURSOR, STOP, MARK, BOOKMARK, INTERVAL = "cursor", "stop", "mark", "bookmark", "interval"
WAS, WROTE, REST, EVENT = "was", "wrote", "rest", "event"


# -- writing -----------------------------------------------------------------------------------------------------------------


def history_lines(timeline: Timeline, stop: int) -> Iterator[str]:
    """The section; nothing is left out, not even what lies ahead of the cursor.  stop: position since which changes are marked."""
    tape = timeline.tape
    yield from ("", f"[{SECTION}]", f"{CURSOR} = {tape.cursor}", f"{STOP} = {stop}")
    yield from (f"{BOOKMARK} = {value_text((name, at))}" for name, at in sorted(timeline.bookmarks.items()))
    yield from (f"{INTERVAL} = {value_text(tuple(one))}" for one in timeline.intervals)
    yield from (f"{MARK} = {value_text(tuple(mark))}" for mark in timeline.marks)
    seen: set[tuple[str, Any]] = set()
    for position, (owner, key, old, new) in enumerate(tape.entries):
        if key is None:
            yield f"{EVENT} = {value_text(owner(*old))}  # {position}"
            continue
        if (owner.name, key) not in seen:
            seen.add((owner.name, key))
            yield f"{WAS} = {value_text((owner.name, key, old))}"
        if isinstance(old, Program) and len(old) > 1 and new == old.rest():
            yield f"{REST} = {value_text((owner.name, key))}  # {position}"
        else:
            yield f"{WROTE} = {value_text((owner.name, key, new))}  # {position}"


# -- reading -----------------------------------------------------------------------------------------------------------------


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The annotations of a class."""
    return get_type_hints(kind)


class HistoryReader:
    """Reads the section and puts it on the tape of a machine that is in the state at its cursor already."""

    def __init__(self, reader: Reader, kvm: Kvm) -> None:
        self.reader = reader
        self.kvm = kvm
        self.cursor = 0
        self.stop = 0
        self.marks: list[ActionMark] = []
        self.bookmarks: dict[str, int] = {}
        self.intervals: list[Interval] = []
        self.entries: list[tuple[Any, Any, Any, Any]] = []
        self.last: dict[tuple[str, Any], Any] = {}               # what each cell holds after the entries read so far
        self.at_cursor: dict[tuple[str, Any], Any] | None = None

    def read(self) -> None:
        """All lines up to the end of the file.  raises: UserError with the place of what is wrong."""
        reader = self.reader
        takers: dict[str, Callable[[Token, Any], None]] = {
            CURSOR: self._cursor, STOP: self._stop, MARK: self._mark, BOOKMARK: self._bookmark, INTERVAL: self._interval,
            WAS: self._was, WROTE: self._wrote, REST: self._rest, EVENT: self._event}
        reader.skip_lines()
        while reader.next.kind != END:
            token = reader.take()
            if token.text not in takers:
                raise reader.wrong(f"{token.text!r} stands where one of {', '.join(takers)} must", at=token)
            reader.expect("=")
            at, value = reader.next, reader.value()
            reader.end_line()
            takers[token.text](at, value)
            reader.skip_lines()
            if len(self.entries) == self.cursor:
                self.at_cursor = dict(self.last)
        self._check()

    def onto(self, timeline: Timeline) -> None:
        """Give a timeline of the machine this past; what was ahead of the cursor stays ahead."""
        tape = self.kvm.tape
        tape.entries.extend(self.entries)
        tape.stamps.extend([()] * len(self.entries))
        tape.cursor = self.cursor
        timeline.marks.extend(self.marks)
        timeline.bookmarks.update(self.bookmarks)
        timeline.intervals.extend(self.intervals)
        timeline.edits.extend(Edit(mark.start, Branch(Piece((), ()), ()), mark.text) for mark in self.marks
                              if mark.edit and mark.start < self.cursor)

    # -- lines -------------------------------------------------------------------------------------------------------

    def _parts(self, at: Token, value: Any, *kinds: type) -> tuple[Any, ...]:
        if type(value) is not tuple or len(value) != len(kinds) or not all(isinstance(part, kind) for part, kind in
                                                                           zip(value, kinds, strict=True)):
            raise self.reader.wrong(f"{value_text(value)} is not what belongs here", at=at)
        return value

    def _position(self, at: Token, value: Any) -> int:
        if type(value) is not int or value < 0:
            raise self.reader.wrong(f"{value_text(value)} is no position", at=at)
        return value

    def _cursor(self, at: Token, value: Any) -> None:
        self.cursor = self._position(at, value)

    def _stop(self, at: Token, value: Any) -> None:
        self.stop = self._position(at, value)

    def _mark(self, at: Token, value: Any) -> None:
        mark = ActionMark(*self._parts(at, value, int, int, int, str, str, bool))
        if mark.start != (self.marks[-1].end if self.marks else 0) or mark.end <= mark.start:
            raise self.reader.wrong("a mark begins where the one before it ends", at=at)
        self.marks.append(mark)

    def _bookmark(self, at: Token, value: Any) -> None:
        name, position = self._parts(at, value, str, int)
        self.bookmarks[name] = position

    def _interval(self, at: Token, value: Any) -> None:
        self.intervals.append(Interval(*self._parts(at, value, str, int, int)))

    def _cell(self, at: Token, name: Any, key: Any) -> Record | Table[Any, Any]:
        owner = self.kvm.tape.owners.get(name)
        if owner is None or isinstance(owner, Record) and key not in owner.fields():
            raise self.reader.wrong(f"the machine has no {name!r} with {key!r}", at=at)
        return owner

    def _fits(self, at: Token, name: str, key: Any, value: Any) -> None:
        """raises: UserError for a value that a Record's field cannot hold."""
        owner = self.kvm.tape.owners[name]
        if not isinstance(owner, Record):
            return
        kind: Any = type(owner)
        if not fits(value, hints_of(kind)[key]):
            raise self.reader.wrong(f"{name}.{key} must be {kind_text(hints_of(kind)[key])}", at=at)

    def _was(self, at: Token, value: Any) -> None:
        name, key, old = self._parts(at, value, str, object, object)
        self._cell(at, name, key)
        self.last[name, key] = old
        self._fits(at, name, key, old)

    def _wrote(self, at: Token, value: Any) -> None:
        name, key, new = self._parts(at, value, str, object, object)
        self._write(at, name, key, new)

    def _rest(self, at: Token, value: Any) -> None:
        name, key = self._parts(at, value, str, object)
        old = self.last.get((name, key))
        if not isinstance(old, Program):
            raise self.reader.wrong("this cell holds no program", at=at)
        self._write(at, name, key, old.rest())

    def _write(self, at: Token, name: str, key: Any, new: Any) -> None:
        owner = self._cell(at, name, key)
        self._fits(at, name, key, new)
        if (name, key) not in self.last:
            raise self.reader.wrong(f"no line says what {name!r} held before", at=at)
        self.entries.append((owner, key, self.last[name, key], new))
        self.last[name, key] = new

    def _event(self, at: Token, value: Any) -> None:
        if not is_record(type(value)) or not fits(value, type(value)):
            raise self.reader.wrong("this is no event", at=at)
        self.entries.append((type(value), None, tuple(value), None))

    def _check(self) -> None:
        """The past must lead to the state that the file has, and its marks must cover it."""
        reader = self.reader
        if self.at_cursor is None or (self.marks[-1].end if self.marks else 0) != len(self.entries):
            raise reader.wrong(f"the history has {len(self.entries)} entries, and the cursor or the marks say otherwise")
        for (name, key), value in self.at_cursor.items():
            owner = self.kvm.tape.owners[name]
            now = getattr(owner, key) if isinstance(owner, Record) else owner.get(key, ABSENT)
            if now != value:
                raise reader.wrong(f"the history leads to {value_text(value)} in {name!r} ({value_text(key)}), and the state says "
                                   f"{value_text(now)}")
