"""The TLB: which cached translation an access may use, what is cached, what an invalidation removes (A.1-A.3).

Nothing is cached speculatively, as a processor may do.  The same tables hold the entries of the paging-structure caches, where the
processor has any (paging_structure_caches.py); what is removed, and by which tags, is said here for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast

from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.hw.events import Evicted, Invalidated, LeftOut
from kvmdbg.machine.hw.paging import EXECUTE, PAGE_1G, PAGE_2M, PAGE_4K, PAGE_4M, READ, WRITE
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from kvmdbg.tape import Table

SIZES: Final = (PAGE_4K, PAGE_2M, PAGE_4M, PAGE_1G)      # the order in which they are looked up
EPT_SIZES: Final = (PAGE_4K, PAGE_2M, PAGE_1G)

# what an invalidation by PCID does to global entries
ALL_GLOBALS: Final = "all"               # they go, whatever PCID they were cached under
OWN_GLOBALS: Final = "own"               # only those cached under the named PCID go
NO_GLOBALS: Final = "none"               # they stay

NONZERO_VPID: Final = -3                 # `vpid` of select(): every VPID but 0000H

_Probe = Callable[[tuple[str, int, int, int, int, int, int]], TlbEntry | None]


def current_pcid(cpu: Cpu) -> int:
    """000H with CR4.PCIDE = 0, else CR3 bits 11:0 (SDM Vol. 3A 4.10.1)."""
    return cpu.cr3 & 0xFFF if cpu.cr4 & CR4_PCIDE else 0


def current_ep4ta(cpu: Cpu) -> int:
    """EPTP bits 51:12, or NONE while EPT is not in use."""
    return (cpu.eptp & 0x000F_FFFF_FFFF_F000) >> 12 if cpu.eptp else NONE


# -- use ----------------------------------------------------------------------------------------------------------------

def lookup_linear(hw: Hardware, cpu: Cpu, la: int) -> tuple[TlbKey, TlbEntry] | None:
    """The translation that a linear access may use now: combined with EPT in use, else linear (A.3).

    Where page sizes changed under it several may match; the smallest page wins, then the current PCID before global.
    """
    table = hw.tlb[cpu.id]
    if not len(table):
        return None
    probe = cast(_Probe, table.get)       # a plain tuple finds a TlbKey, and is cheaper to build
    kind = COMBINED if cpu.eptp else LINEAR
    vpid = cpu.vpid
    pcid = current_pcid(cpu)
    tag = current_ep4ta(cpu)
    for size in SIZES:
        page = la & -size
        for owner in (pcid, GLOBAL):
            entry = probe((kind, vpid, owner, tag, page, size, 0))
            if entry is not None:
                return TlbKey(kind, vpid, owner, tag, page, size), entry
    return None


def lookup_guest_physical(hw: Hardware, cpu: Cpu, gpa: int) -> tuple[TlbKey, TlbEntry] | None:
    """The guest-physical mapping of the current EP4TA that an access to `gpa` may use."""
    table = hw.tlb[cpu.id]
    if not len(table):
        return None
    probe = cast(_Probe, table.get)
    tag = current_ep4ta(cpu)
    for size in EPT_SIZES:
        page = gpa & -size
        entry = probe((GUEST_PHYSICAL, NONE, NONE, tag, page, size, 0))
        if entry is not None:
            return TlbKey(GUEST_PHYSICAL, NONE, NONE, tag, page, size), entry
    return None


# -- creation -----------------------------------------------------------------------------------------------------------

def insert(hw: Hardware, cpu: Cpu, key: TlbKey, *, frame: int, guest: int = READ | WRITE | EXECUTE,
           ept: int = READ | WRITE | EXECUTE, user: bool = True, dirty: bool = True, gpa: int = NONE, span: int = 0,
           apic: bool = False) -> TlbEntry:
    """Cache a translation; a full TLB evicts its oldest entry first. An entry with the same key is replaced.

    guest, ept: rights by the paging structures and by EPT, bit 0 read, 1 write, 2 execute.
    span: bytes of the page that the paging structures specify; default the key's size.    apic: it is the APIC-access page.
    """
    table = hw.tlb[cpu.id]
    capacity = hw.caps.tlb_capacity
    while capacity and len(table) >= capacity and key not in table and _translations(table) >= capacity:
        _evict(hw, cpu, table)
    rights = guest & ept
    entry = TlbEntry(frame, bool(rights & READ), bool(rights & WRITE), bool(rights & EXECUTE), user, dirty, gpa,
                     NONE if key.kind == GUEST_PHYSICAL else current_pcid(cpu), cpu.fills, guest, ept, span or key.size, apic)
    cpu.fills += 1
    table[key] = entry
    return entry


def _translations(table: Table[TlbKey, TlbEntry]) -> int:
    """How many translations are cached: entries of paging-structure caches take no room from them."""
    return sum(not key.table_level for key, _ in table.unordered())


def _evict(hw: Hardware, cpu: Cpu, table: Table[TlbKey, TlbEntry]) -> None:
    """Remove the translation of the lowest age: ages are unique, so the choice depends on no order."""
    _, oldest = min((entry.age, key) for key, entry in table.unordered() if not key.table_level)
    hw.emit(Evicted, cpu.id, oldest)
    del table[oldest]


# -- invalidation -------------------------------------------------------------------------------------------------------

def select(hw: Hardware, cpu: Cpu, *, kinds: Iterable[str], vpid: int | None = None, pcid: int | None = None,
           ep4ta: int | None = None, address: int | None = None, globals_: str = ALL_GLOBALS,
           any_table: bool = False) -> tuple[TlbKey, ...]:
    """Sorted keys of the cached translations that match every tag given; None matches all, and so does a tag the kind lacks.

    Entries of the paging-structure caches are among them; they are never global.
    address: linear address (guest-physical for that kind) in the page, or on whose path the table lies; a fragment of a larger
    page counts as that page (A.4).    any_table: entries of the paging-structure caches match whatever the address is.
    globals_: ALL_GLOBALS, OWN_GLOBALS or NO_GLOBALS.    vpid: may be NONZERO_VPID.
    """
    wanted = frozenset(kinds)
    return tuple(sorted(
        key for key, entry in hw.tlb[cpu.id].unordered()
        if key.kind in wanted
        and (vpid is None or key.vpid == NONE or _vpid_matches(key.vpid, vpid))
        and (ep4ta is None or key.ep4ta == NONE or key.ep4ta == ep4ta)
        and (key.pcid == NONE or _pcid_matches(key, entry, pcid, globals_))
        and (address is None or any_table and key.table_level or _covers(key, entry, address))))


def _vpid_matches(vpid: int, wanted: int) -> bool:
    return vpid != 0 if wanted == NONZERO_VPID else vpid == wanted


def _pcid_matches(key: TlbKey, entry: TlbEntry, pcid: int | None, globals_: str) -> bool:
    if key.pcid != GLOBAL:
        return pcid is None or key.pcid == pcid
    if globals_ == OWN_GLOBALS:
        return pcid is None or entry.pcid == pcid
    return globals_ == ALL_GLOBALS


def _covers(key: TlbKey, entry: TlbEntry, address: int) -> bool:
    span = max(entry.span, key.size)
    return key.page & -span == address & -span


def remove(hw: Hardware, cpu: Cpu, *, by: str, type: str = "", vpid: int = NONE, pcid: int = NONE, ep4ta: int = NONE,
           address: int = NONE, keys: tuple[TlbKey, ...]) -> None:
    """Say what goes and why (`Invalidated`, also when nothing goes), then remove the keys one by one.

    The event comes first: whoever stops there still sees everything that is about to go.  A position of hw.left_out
    removes nothing.
    """
    if hw.left_out and hw.tape.cursor in hw.left_out:
        hw.emit(LeftOut, cpu.id, by, type)
        return
    hw.emit(Invalidated, cpu.id, by, type, vpid, pcid, ep4ta, address, keys)
    table = hw.tlb[cpu.id]
    for key in keys:
        del table[key]
