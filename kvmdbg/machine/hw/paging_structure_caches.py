"""Paging-structure caches: entries of the upper levels, kept beside the translations (SDM Vol. 3A 4.10.3, Vol. 3C 29.4.1, 29.4.2).

Theory of operation.  An entry maps the upper bits of an address to the *table* that a walk for it goes on in, with the rights
that all entries down to that one leave.  There are the three kinds of the TLB: linear, guest-physical (of EPT), and combined,
where the table is named by its host-physical address and EPT is not asked for it again.  A walk starts below the deepest one
that fits, so a change of an upper level may stay unseen for as long as a lower entry is cached.

They lie in the tables of the TLB, as keys with a `table_level`; what removes them is in invalidate.py.  They are never global,
never made from an entry that is not present, has reserved bits set or is misconfigured, nor from one whose accessed flag is
clear.  What lies below need not be present: a walk that a VM exit stops has made those that it passed.  One that ends in a #PF,
or for EPT in a violation, would remove them at once, and makes none.

A processor may have any, all or none of them.  This one, with Caps.paging_structure_caches, has all, without limit, except combined
entries for tables that EPT does not let be written: setting an accessed flag there must go through EPT.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from kvmdbg.machine.hw import ept, paging, tlb
from kvmdbg.machine.hw.paging import EXECUTE, READ, WRITE, Paging
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey

TABLE: Final = 0x1000                     # bytes of a table
EPT_LEVELS: Final = (2, 3, 4)             # deepest first
RIGHTS: Final = READ | WRITE | EXECUTE

Found = tuple[TlbKey, TlbEntry]


class Passed(NamedTuple):
    """One entry of the guest's structures that a walk has read."""

    level: int
    address: int          # of the entry, in the tables' own space
    pa: int               # host-physical
    value: int


# -- use ----------------------------------------------------------------------------------------------------------------

def lookup_linear(hw: Hardware, cpu: Cpu, mode: Paging, la: int) -> Found | None:
    """The deepest entry that a walk for `la` may start below: combined with EPT in use, else linear (A.3)."""
    table = hw.tlb[cpu.id]
    for level in reversed(mode.levels[:-1]):
        key = _linear_key(cpu, mode, la, level)
        entry = table.get(key)
        if entry is not None:
            return key, entry
    return None


def lookup_guest_physical(hw: Hardware, cpu: Cpu, gpa: int) -> Found | None:
    """The deepest entry of the current EP4TA that a walk of EPT for `gpa` may start below."""
    table = hw.tlb[cpu.id]
    for level in EPT_LEVELS:
        key = _guest_physical_key(cpu, gpa, level)
        entry = table.get(key)
        if entry is not None:
            return key, entry
    return None


def start_of(found: Found) -> paging.Start:
    """Where the walk of the guest's structures goes on."""
    key, entry = found
    table = entry.frame if key.kind == LINEAR else entry.gpa
    return paging.Start(key.table_level - 1, table, bool(entry.guest & WRITE), entry.user, bool(entry.guest & EXECUTE))


def ept_start_of(found: Found) -> ept.Start:
    """Where the walk of EPT goes on."""
    key, entry = found
    return ept.Start(key.table_level - 1, entry.frame, entry.ept)


def _linear_key(cpu: Cpu, mode: Paging, la: int, level: int) -> TlbKey:
    size = mode.page_size(level)
    kind = COMBINED if cpu.eptp else LINEAR
    return TlbKey(kind, cpu.vpid, tlb.current_pcid(cpu), tlb.current_ep4ta(cpu), la & -size, size, level)


def _guest_physical_key(cpu: Cpu, gpa: int, level: int) -> TlbKey:
    size = paging.page_size(level)
    return TlbKey(GUEST_PHYSICAL, NONE, NONE, tlb.current_ep4ta(cpu), gpa & -size, size, level)


# -- creation -----------------------------------------------------------------------------------------------------------

def keep_linear(hw: Hardware, cpu: Cpu, mode: Paging, la: int, passed: Sequence[Passed], found: Found | None, *,
                accessed: bool) -> None:
    """Cache what a walk for `la` has read, down to the last table that it could read from.

    found: what the walk started below.    accessed: the walk is complete and has set every accessed flag.
    """
    rights, user = (RIGHTS, True) if found is None else (found[1].guest, found[1].user)
    for above, below in pairwise(passed):
        if not accessed and not above.value & paging.A:
            return
        rights &= READ | WRITE * bool(above.value & paging.RW) | EXECUTE * (not above.value & paging.XD)
        user = user and bool(above.value & paging.US)
        nested = _nested(hw, cpu, below)
        if nested is not None:
            gpa = below.address & -TABLE if cpu.eptp else NONE
            _put(hw, cpu, _linear_key(cpu, mode, la, above.level), below.pa & -TABLE, guest=rights, ept=nested, user=user, gpa=gpa)


def _nested(hw: Hardware, cpu: Cpu, below: Passed) -> int | None:
    """EPT's rights to a table, from the guest-physical mapping that led to it; None where a combined entry may not be made."""
    if not cpu.eptp:
        return RIGHTS
    mapping = tlb.lookup_guest_physical(hw, cpu, below.address)
    if mapping is None:                   # evicted since
        return None
    key, entry = mapping
    whole = entry.ept & WRITE and entry.dirty and entry.frame + (below.address - key.page) == below.pa
    return entry.ept if whole else None


def keep_guest_physical(hw: Hardware, cpu: Cpu, gpa: int, steps: Sequence[paging.Step], found: Found | None, *,
                        accessed: bool) -> None:
    """The same for a walk of EPT.  accessed: every accessed flag is set, or there are none."""
    rights = RIGHTS if found is None else found[1].ept
    for above, below in pairwise(steps):
        if not accessed and not above.value & ept.ACCESSED:
            return
        rights &= above.value
        _put(hw, cpu, _guest_physical_key(cpu, gpa, above.level), below.address & -TABLE, ept=rights)


def _put(hw: Hardware, cpu: Cpu, key: TlbKey, frame: int, *, ept: int, guest: int = RIGHTS, user: bool = True,
         gpa: int = NONE) -> None:
    """Cache one entry, unless it is cached already."""
    rights = guest & (RIGHTS if key.kind == COMBINED else ept)       # combined: EPT's are those of the table, not of what it maps
    entry = TlbEntry(frame, bool(rights & READ), bool(rights & WRITE), bool(rights & EXECUTE), user, True, gpa,
                     NONE if key.kind == GUEST_PHYSICAL else tlb.current_pcid(cpu), cpu.fills, guest, ept, key.size)
    table = hw.tlb[cpu.id]
    old = table.get(key)
    if old is None or old._replace(age=entry.age) != entry:
        cpu.fills += 1
        table[key] = entry
