"""Extended page tables: entries, the EPT pointer, and a walk that changes nothing (SDM Vol. 3C 28.2/29.3).

As in paging.py, `software_walk` is the one statement of the rules: the processor, KVM's nested walker and the `walk`
command call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.paging import Step, index, page_size
from kvmdbg.machine.hw.state import Caps

READ: Final = paging.READ             # bit 0
WRITE: Final = paging.WRITE           # bit 1
EXECUTE: Final = paging.EXECUTE       # bit 2
RIGHTS: Final = READ | WRITE | EXECUTE
MEMTYPE_SHIFT: Final = 3
MEMTYPE_MASK: Final = 0b111 << MEMTYPE_SHIFT          # leaf; reserved in other entries
IGNORE_PAT: Final = 1 << 6                            # leaf; reserved in other entries
LARGE: Final = 1 << 7
ACCESSED: Final = 1 << 8                              # with EPTP bit 6
DIRTY: Final = 1 << 9                                 # leaf, with EPTP bit 6
ADDRESS: Final = paging.ADDRESS

MEMTYPE_UC: Final = 0
MEMTYPE_WB: Final = 6
_MEMTYPES_RESERVED: Final = (2, 3, 7)

EPTP_MEMTYPE_MASK: Final = 0b111
EPTP_WALK_LENGTH_4: Final = 3 << 3                    # bits 5:3: page-walk length minus 1
EPTP_WALK_LENGTH_MASK: Final = 0b111 << 3
EPTP_AD: Final = 1 << 6                               # enable accessed and dirty flags
EPTP_RESERVED: Final = 0xF80                          # bits 11:7; bit 7 needs supervisor shadow-stack control
GPA_BITS: Final = 48                                  # what a walk of four levels can translate

_NON_LEAF_RESERVED: Final = MEMTYPE_MASK | IGNORE_PAT
_LARGE_RESERVED: Final = {2: 0x1F_F000, 3: 0x3FFF_F000}   # bits 20:12 of a 2-MiB page, 29:12 of a 1-GiB page
_LARGE_NAMES: Final = {2: "2-MiB", 3: "1-GiB"}


class Start(NamedTuple):
    """Where a walk begins that knows what the upper levels say: in a table below them, with the rights that they leave."""

    level: int                # of the table's entries
    table: int                # its physical address
    rights: int               # AND of bits 2:0 of the entries above


class EptWalk(NamedTuple):
    """What the EPT paging structures say about one guest-physical address."""

    steps: tuple[Step, ...]
    present: bool             # every entry read has one of bits 2:0 set, and the last is a leaf or misconfigured
    misconfigured: str        # what is wrong with the last entry read; "" when nothing is
    address: int = 0          # physical address of the byte
    page: int = 0             # physical address of the page's first byte
    size: int = 0             # bytes
    rights: int = 0           # AND of bits 2:0 over the entries read; 0 when one is not present
    dirty: bool = False       # the leaf's D flag
    unbacked: int = -1        # address of an entry that `read` has no memory for; then not present

    @property
    def mapped(self) -> bool:
        return self.present and not self.misconfigured

    @property
    def read(self) -> bool:
        return bool(self.rights & READ)

    @property
    def write(self) -> bool:
        return bool(self.rights & WRITE)

    @property
    def execute(self) -> bool:
        return bool(self.rights & EXECUTE)


def ep4ta(eptp: int) -> int:
    """The tag of what is cached under this EPT pointer: its bits 51:12 as a number (A.1)."""
    return (eptp & ADDRESS) >> 12


def eptp_valid(eptp: int, caps: Caps) -> str:
    """"" for an EPT pointer that VM entry would accept, else what is wrong with it (SDM Vol. 3C 26.2.1.1)."""
    offered = {MEMTYPE_UC: ("UC (0)", caps.ept_uc), MEMTYPE_WB: ("WB (6)", caps.ept_wb)}
    if not offered.get(eptp & EPTP_MEMTYPE_MASK, ("", False))[1]:
        types = " or ".join(name for name, there in offered.values() if there)
        return f"bits 2:0 are {eptp & EPTP_MEMTYPE_MASK}, not the memory type {types}"
    if eptp & EPTP_WALK_LENGTH_MASK != EPTP_WALK_LENGTH_4:
        return f"bits 5:3 are {eptp >> 3 & 7}, not 3 (a page-walk length of 4)"
    if eptp & EPTP_AD and not caps.ept_ad:
        return "bit 6 enables accessed and dirty flags, which this processor lacks"
    if eptp & EPTP_RESERVED:
        return "a bit of 11:7 is 1"
    if eptp >> caps.maxphyaddr:
        return f"a bit of 63:{caps.maxphyaddr} is 1, beyond MAXPHYADDR"
    return ""


def is_leaf(entry: int, level: int) -> bool:
    """Whether a present entry maps a page."""
    return level == 1 or bool(entry & LARGE and level <= 3)


def misconfigured(entry: int, level: int, caps: Caps) -> str:
    """What makes a present entry an EPT misconfiguration, or "" (SDM Vol. 3C 28.2.3.1, F.2)."""
    if not entry & RIGHTS:
        return ""
    if entry & WRITE and not entry & READ:
        return "writable but not readable"
    if entry & RIGHTS == EXECUTE and not caps.ept_execute_only:
        return "execute-only, which this processor lacks"
    if entry & ADDRESS >> caps.maxphyaddr << caps.maxphyaddr:
        return f"an address bit beyond MAXPHYADDR ({caps.maxphyaddr}) is 1"
    if level == 4 and entry & LARGE:
        return "bit 7 of a PML4E is 1"
    if entry & LARGE and not {1: True, 2: caps.ept_2m, 3: caps.ept_1g}[level]:
        return f"a {_LARGE_NAMES[level]} page, which this processor lacks"
    if not is_leaf(entry, level):
        return "a bit of 6:3 is 1 in an entry that maps no page" if entry & _NON_LEAF_RESERVED else ""
    if level > 1 and entry & _LARGE_RESERVED[level]:
        return f"a bit of {9 * level + 2}:12 is 1 in an entry that maps a {_LARGE_NAMES[level]} page"
    memtype = (entry & MEMTYPE_MASK) >> MEMTYPE_SHIFT
    return f"memory type {memtype} is reserved" if memtype in _MEMTYPES_RESERVED else ""


def software_walk(read: Callable[[int], int | None], eptp: int, gpa: int, caps: Caps, *, start: Start | None = None,
                  until: int = 0) -> EptWalk:
    """Walk the tables at EPTP bits 51:12 for `gpa`; sets no flags, requires no rights.

    Misconfiguration is found entry by entry, before anybody looks at rights (F.2).
    read: the 64 bits at an address of the tables' own space, or None where it has no memory.
    start: the table to begin in instead.    until: the last level to read: where its entry names a table, `page` and `address`
    are the table's and `size` is that of a 4-KiB page.    raises: whatever `read` raises.
    """
    steps: list[Step] = []
    if gpa >> GPA_BITS:
        return EptWalk((), False, "")
    top, table, rights = (4, eptp & ADDRESS, RIGHTS) if start is None else start
    for level in range(top, (until or 1) - 1, -1):
        address = table + index(gpa, level) * 8
        entry = read(address)
        if entry is None:
            return EptWalk(tuple(steps), False, "", unbacked=address)
        steps.append(Step(level, address, entry))
        rights &= entry
        if not entry & RIGHTS:
            return EptWalk(tuple(steps), False, "")
        wrong = misconfigured(entry, level, caps)
        if wrong:
            return EptWalk(tuple(steps), True, wrong)
        table = entry & ADDRESS
        if is_leaf(entry, level):
            size = page_size(level)
            page = table & -size
            return EptWalk(tuple(steps), True, "", page | gpa & size - 1, page, size, rights, bool(entry & DIRTY))
    return EptWalk(tuple(steps), True, "", table, table, page_size(1), rights)
