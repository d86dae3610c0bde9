"""Entries of paging-structure caches, by the level that owns the tables: as components.py, for the upper part of a walk.

An entry is right when the walk down to its level names the same table.  What lies below is read anew at each use, so nothing
there can make it stale; and a translation that was made below a stale entry is what the level must expect for as long as it
must expect the entry.

That holds for the page tables of the level that runs.  Edits of upper levels of EPT12, and of page tables that KVM shadows, are
trapped, and a flush is asked for before the guest is entered again: nothing is made below them.

Where the table is a shadow page of KVM's, the guest's part is what that page shadows, whatever rights KVM left in the entry (it
decides them in the leaf), and KVM's part is that the frame still holds the page: a page that is freed must be flushed first.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.events import Accessed, Faulted, Hit, Retired, VmEntered, VmExited
from kvmdbg.machine.hw.paging import EXECUTE, PAGE_4K, READ, WRITE, Walk
from kvmdbg.machine.hw.paging_structure_caches import start_of
from kvmdbg.machine.hw.tlbkey import COMBINED, LINEAR, TlbEntry, TlbKey
from kvmdbg.machine.kvm.shadow import ACC_EXEC, ACC_USER, ACC_WRITE
from kvmdbg.machine.kvm.state import ShadowKey
from kvmdbg.oracle.closing import covers
from kvmdbg.oracle.components import EPT12, GUEST, HOST, Cached, Component, GuestTables, HostTables, components
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.walks import Past
from kvmdbg.oracle.window import window
from kvmdbg.tape import ABSENT

ENDS_OF_A_WALK: Final = (Accessed, Faulted, Retired, VmEntered, VmExited)


def parts(index: Index, cached: Cached) -> tuple[Component, ...]:
    """The parts of a translation or of an entry of a paging-structure cache, the running level's own first."""
    if not index.kvm.hw.caps.paging_structure_caches:
        return components(index, cached)
    if not cached.key.table_level:
        return tuple(GuestTablesBelow(index, cached) if part.name == GUEST else part for part in components(index, cached))
    if cached.key.kind == LINEAR:
        return GuestTable(index, cached), ShadowPageKept(index, cached)
    if cached.key.kind == COMBINED:
        return GuestTable(index, cached), *components(index, cached)[1:]
    if cached.shadows_ept12:
        return Ept12Table(index, cached), ShadowPageKept(index, cached)
    return (HostTable(index, cached),)


def names_table(walk: Walk | ept.EptWalk, gpa: int) -> bool:
    """Did a walk that was to end above the last level end at an entry that names this table, rather than a large page?"""
    return walk.mapped and walk.size == PAGE_4K and walk.address == gpa


class GuestTablesBelow(GuestTables):
    """The page tables of the level that runs, also as a walk sees them that began below an entry that is cached."""

    @cached_property
    def origin(self) -> Origin | None:
        return origin_of(self.index, self.cached) if self.cached.key.kind == COMBINED and self.cached.filled_at >= 0 else None

    def right(self, past: Past) -> bool:
        return super().right(past) or self.origin is not None and self._below(past, self.origin)

    def _below(self, past: Past, origin: Origin) -> bool:
        """Does the walk from that entry on give what is cached, while its level must expect so?"""
        used, key = origin.entry, self.cached.key
        if past.position >= origin.until:
            past.note(origin.until - 1, origin.changed_by)
            return False
        if past.position <= used.filled_at:
            return False
        context = self._context(past)
        walk = past.below(context, key.page, start_of((used.key, used.entry)), used.entry.frame, until=key.table_level)
        if not self._gives(walk, context):
            return False
        past.unseen = origin.changed_by
        return True


class GuestTable(GuestTablesBelow):
    """The upper levels of the page tables of the level that runs."""

    def _gives(self, walk: Walk, context: Context) -> bool:
        entry, names = self.cached.entry, self.cached.names
        if self.cached.key.kind == COMBINED:
            rights = READ | WRITE * walk.write | EXECUTE * walk.execute
            return names_table(walk, self.cached.gpa) and not entry.guest & ~rights and walk.user >= entry.user
        if names is None or not shadows(names, walk, self.cached.key.size, bool(walk.steps)):
            return False
        write = walk.write or not context.write_protect and not names.access & ACC_USER
        return not names.access & ~(ACC_WRITE * write | ACC_USER * walk.user | ACC_EXEC * walk.execute)


class Ept12Table:
    """The upper levels of L1's EPT for L2, which a shadow page of EPT02 follows."""

    name = EPT12
    owner = "ept12"

    def __init__(self, index: Index, cached: Cached) -> None:
        self.cached = cached

    def fits(self, context: Context) -> bool:
        return (context.vcpu, context.ep4ta12) == (self.cached.user.vcpu, self.cached.ep4ta12)

    def fresh(self, past: Past) -> bool:
        key, names = self.cached.key, self.cached.names
        walk = past.ept12(self.cached.ep4ta12, key.page, until=key.table_level)
        return names is not None and shadows(names, walk, key.size, True) and not names.access & ~walk.rights

    right = fresh


def shadows(names: ShadowKey, walk: Walk | ept.EptWalk, size: int, in_tables: bool) -> bool:
    """Does a shadow page follow what the walk found: the table, or for a direct page the large page around it?

    size: bytes that the page maps.    in_tables: False without paging, where one page of any size maps all memory.
    """
    if not names.direct:
        return names_table(walk, names.gfn << 12)
    whole = not in_tables or walk.size > PAGE_4K and walk.size >= size
    return walk.mapped and whole and walk.address == names.gfn << 12


class HostTable(HostTables):
    """The upper levels of EPT01."""

    def fresh(self, past: Past) -> bool:
        key, entry = self.cached.key, self.cached.entry
        walk = past.host_ept(key.ep4ta << 12, key.page, until=key.table_level)
        return names_table(walk, entry.frame) and not entry.ept & ~walk.rights

    right = fresh


class ShadowPageKept:
    """KVM's part of an entry that names a shadow page: the frame is still that page's."""

    name = HOST
    owner = "L0"

    def __init__(self, index: Index, cached: Cached) -> None:
        self.index = index
        self.cached = cached

    def fits(self, context: Context) -> bool:
        return True

    def fresh(self, past: Past) -> bool:
        names = self.cached.names
        return names is not None and past.shadow_page(names) == self.cached.entry.frame

    right = fresh


# -- what a walk began below -------------------------------------------------------------------------------------------


class Origin(NamedTuple):
    """The entry that a walk began below, and how long its level must expect what it leads to."""

    entry: Cached
    until: int                   # position of the invalidation that ended its window; beyond the tape while it is open
    changed_by: int              # position of the write that made it stale; -1: it was not by then


def began_below(index: Index, cpu: int, key: TlbKey, filled_at: int) -> tuple[TlbKey, int] | None:
    """The entry of a paging-structure cache that the walk which made `key` began below, and the position of that use."""
    entries, table = index.kvm.tape.entries, index.kvm.hw.tlb[cpu]
    for at in range(filled_at - 1, -1, -1):
        owner, cell, args, new = entries[at]
        if owner in ENDS_OF_A_WALK or owner is table and is_translation(cell, key.kind) and new is not ABSENT:
            return None
        if owner is Hit and args[0] == cpu and args[1].kind == key.kind:
            used: TlbKey = args[1]
            return (used, at) if used.table_level > key.table_level and used.page == key.page & -used.size else None
    return None


def is_translation(key: TlbKey, kind: str) -> bool:
    return key.kind == kind and not key.table_level


def used_entry(index: Index, cpu: int, key: TlbKey, filled_at: int) -> tuple[TlbKey, TlbEntry] | None:
    """That entry with what it held; None where the walk began at the root."""
    found = began_below(index, cpu, key, filled_at) if index.kvm.hw.caps.paging_structure_caches else None
    entry = None if found is None else index.entry_at(cpu, *found)
    return None if found is None or entry is None else (found[0], entry)


def origin_of(index: Index, cached: Cached) -> Origin | None:
    """What the walk that made a combined entry began below; None: the root, or an entry that its level never had to expect."""
    found = began_below(index, cached.cpu, cached.key, cached.filled_at)
    if found is None:
        return None
    key, at = found
    entry, filled_at = index.entry_at(cached.cpu, key, at), index.filled_at(cached.cpu, key, at)
    user = index.contexts.last_user(cached.cpu, key.vpid, key.pcid, key.ep4ta, at)
    if entry is None or user is None:
        return None
    used = Cached(cached.cpu, key, entry, filled_at, index.contexts.at(cached.cpu, filled_at), user)
    part, tags = GuestTable(index, used), used.tags()
    right_at = at if part.fresh(Past(index, at)) else window(index, used, part, at).refilled
    if right_at < 0 or used.filled_by is not None and not part.fits(used.filled_by):
        return None
    ended = index.closings.after(right_at, index.read + 1, lambda closing: covers(closing, tags))
    until = index.read + 1 if ended is None else ended.position
    changed_by = -1 if part.fresh(Past(index, until)) else window(index, used, part, until).changed_by
    return Origin(used, until, changed_by)
