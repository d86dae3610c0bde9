"""What differs between two positions of one tape: change marks, and the old values beside them.

A change is a fold over the entries between the two positions: nothing is copied or compared that was not written.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from kvmdbg.tape import ABSENT, Entry, Tape


class Changes:
    """The values that cells had at another position, for the cells whose value differs at the cursor."""

    def __init__(self, then: dict[tuple[Any, Any], Any], touched: frozenset[Any]) -> None:
        self._then = then
        self._touched = touched

    def has(self, owner: Any, key: Any) -> bool:
        """Does this cell differ?"""
        return (owner, key) in self._then

    def then(self, owner: Any, key: Any, now: Any) -> Any:
        """Its value at the other position; ABSENT where a table had no such key; `now` when nothing changed."""
        return self._then.get((owner, key), now)

    def touched(self, owner: Any) -> bool:
        """Does anything of this Record or Table differ?"""
        return owner in self._touched

    def cells(self) -> list[tuple[Any, Any]]:
        """Every (owner, key or field) that differs."""
        return list(self._then)

    def keys(self, owner: Any) -> list[Any]:
        """The keys or fields of `owner` that differ."""
        return [key for held, key in self._then if held is owner]


NO_CHANGES: Final = Changes({}, frozenset())


def fold(entries: list[Entry], start: int, stop: int) -> Changes:
    """Changes from position `start` to position `stop`, as seen from `stop`; start may be the later one."""
    forward = start <= stop
    low, high = min(start, stop), max(start, stop)
    then: dict[tuple[Any, Any], Any] = {}
    now: dict[tuple[Any, Any], Any] = {}
    for position in range(low, high):
        owner, key, old, new = entries[position]
        if key is None:
            continue
        cell = (owner, key)
        then.setdefault(cell, old)
        now[cell] = new
    if not forward:
        then, now = now, then
    differing = {cell: value for cell, value in then.items() if not same(value, now[cell])}
    return Changes(differing, frozenset(owner for owner, _ in differing))


def same(one: Any, other: Any) -> bool:
    """Equal values of one type: True is not 1."""
    return bool(one is other or (one is not ABSENT and other is not ABSENT and type(one) is type(other) and one == other))


_latest: Final[WeakKeyDictionary[Tape, tuple[int, int, Entry | None, Changes]]] = WeakKeyDictionary()


def changes(tape: Tape, since: int) -> Changes:
    """What differs at the cursor from position `since`.  The last answer is kept: panes of one screen ask the same thing."""
    since = min(since, tape.end)
    high = max(since, tape.cursor)
    last = tape.entries[high - 1] if high else None
    kept = _latest.get(tape)
    if kept is not None and kept[0] == since and kept[1] == tape.cursor and kept[2] is last:
        return kept[3]
    found = fold(tape.entries, since, tape.cursor)
    _latest[tape] = (since, tape.cursor, last, found)
    return found
