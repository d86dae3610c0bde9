"""What names and what fills a cached translation (SDM Vol. 3C 29.4.1; architecture.md A.1)."""

from __future__ import annotations

from typing import Final, NamedTuple

LINEAR: Final = "linear"
GUEST_PHYSICAL: Final = "guest-physical"
COMBINED: Final = "combined"
KINDS: Final = (LINEAR, GUEST_PHYSICAL, COMBINED)

NONE: Final = -1          # this kind of mapping has no such tag
GLOBAL: Final = -2        # pcid of a global entry: usable under every PCID of its VPID

STRUCTURES: Final = {5: "PML5E", 4: "PML4E", 3: "PDPTE", 2: "PDE", 1: "PTE"}      # what an entry of each level is called


class TlbKey(NamedTuple):
    """Tags and page of one cached translation: equal keys would be the same entry of the TLB.

    Or of one entry of a paging-structure cache (paging_structure_caches.py): then `page` and `size` are of the region of addresses
    that it is used for, and `table_level` is not 0.
    """

    kind: str             # one of KINDS
    vpid: int             # 0..0xffff; NONE for guest-physical
    pcid: int             # 0..0xfff; GLOBAL for a global entry; NONE for guest-physical
    ep4ta: int            # EPTP bits 51:12; NONE for linear
    page: int             # first address of the page: linear address, or guest-physical for guest-physical
    size: int             # bytes: 0x1000, 0x200000, 0x400000 (32-bit paging) or 0x40000000
    table_level: int = 0  # 0: a translation; else the level of the paging-structure entry that is cached: 2 PDE .. 5 PML5E


class TlbEntry(NamedTuple):
    """What a cached translation holds (SDM Vol. 3A 4.10.2.2).

    In a paging-structure cache `frame` is the next table's, and the rights are those that the entries down to this one leave.
    """

    frame: int            # physical address of the page's first byte; host-physical in a guest
    read: bool            # combined, guest-physical: AND of the EPT R bits; else True
    write: bool           # AND of R/W, and of the EPT W bits
    execute: bool         # OR of XD, negated, and the EPT X bits
    user: bool            # AND of U/S
    dirty: bool           # the leaf's D flag was set when cached (both levels, combined)
    gpa: int              # combined: the guest-physical page (or table) the guest's structures named; else NONE
    pcid: int             # PCID current at the fill (a global entry keeps it here); NONE for guest-physical
    age: int              # running number of the fill on this processor: replacement takes the lowest
    guest: int = 0b111    # rights that the guest's (or host's) paging structures alone gave: bit 0 read, 1 write, 2 execute
    ept: int = 0b111      # AND of the EPT entries' rights alone, the same bits; 0b111 for linear
    span: int = 0         # bytes of the page that the paging structures specify; larger than the key's size: this is a
                          # fragment of it (A.4), and what invalidates one address of that page invalidates every fragment
    apic: bool = False    # the frame was the APIC-access page when this was cached: using it is a VM exit (apic_access.py)
