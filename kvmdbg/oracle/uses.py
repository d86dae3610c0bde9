"""Every use of a cached translation, judged as of the moment of use.

A verdict is kept until something it depends on changes: the fill, the context, a cell of the tables, or (for one that is
not fresh) any memory, any completed invalidation and any VM entry.  So plain running, where the same few translations are
hit again and again, evaluates hardly any walk; nor does a screen that asks at each step, forwards or backwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kvmdbg.machine.hw.events import Hit
from kvmdbg.machine.hw.tlbkey import NONE, TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Cell, Index
from kvmdbg.oracle.verdict import FRESH, Verdict, judge_with_cells, look


class Use(NamedTuple):
    """A translation was used."""

    position: int                # of the Hit event
    cpu: int
    key: TlbKey
    verdict: Verdict


class Kept(NamedTuple):
    """A verdict with what it depends on."""

    position: int
    filled_at: int
    user: Context
    closings: int                # how many closings there were
    cells: tuple[Cell, ...]
    verdict: Verdict


def uses(kvm: Kvm, index: Index, start: int, stop: int) -> Iterator[Use]:
    """Every Hit event in `start <= position < stop` with its verdict."""
    entries = kvm.tape.entries
    for position in range(start, min(stop, len(entries))):
        if entries[position][0] is Hit:
            cpu, key = entries[position][2][0], entries[position][2][1]
            yield Use(position, cpu, key, judge_again(index, cpu, key, position))


def judge_again(index: Index, cpu: int, key: TlbKey, position: int) -> Verdict:
    """As verdict.judge, from what is known of the same entry if nothing has changed since."""
    kept: Kept | None = index.judged.get((cpu, key))
    if kept is not None and still_holds(index, cpu, key, kept, position):
        return kept.verdict
    cached = look(index, cpu, key, position)
    verdict, cells = judge_with_cells(index, cached, position)
    index.judged[cpu, key] = Kept(position, cached.filled_at, cached.user, index.closings.count(position), cells, verdict)
    return verdict


def still_holds(index: Index, cpu: int, key: TlbKey, kept: Kept, position: int) -> bool:
    """Is the verdict of another position, before or behind, good for `position` too?"""
    if index.filled_at(cpu, key, position) != kept.filled_at:
        return False
    first, last = min(position, kept.position), max(position, kept.position)
    user = index.contexts.last_user(cpu, key.vpid, key.pcid, key.ep4ta, position)
    if user is None or not user.same(kept.user):
        return False
    if kept.verdict.status == FRESH:
        return not index.changed(kept.cells, first, last)
    return (index.closings.count(position) == kept.closings and not index.changed_at_all(first, last)
            and index.contexts.entered_since(cpu, NONE, key.ep4ta, first - 1, last) is None)
