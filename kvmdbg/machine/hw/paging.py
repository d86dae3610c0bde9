"""4-level paging: what an entry of the paging structures says, and a walk that changes nothing (SDM Vol. 3A 4.5).

`software_walk` is the one statement of the rules. The processor's walker (access.py), KVM's guest walker and the
`walk` command all call it and differ only in how they read a table entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported

P: Final = 1 << 0             # present
RW: Final = 1 << 1            # writable
US: Final = 1 << 2            # user
A: Final = 1 << 5             # accessed
D: Final = 1 << 6             # dirty (leaf)
PS: Final = 1 << 7            # page size: the entry maps a large page
G: Final = 1 << 8             # global (leaf), with CR4.PGE
XD: Final = 1 << 63           # execute disable, with EFER.NXE; else reserved
ADDRESS: Final = 0x000F_FFFF_FFFF_F000

PAGE_4K: Final = 0x1000
PAGE_2M: Final = 0x20_0000
LEVELS: Final = (4, 3, 2, 1)  # PML4E, PDPTE, PDE, PTE
READ: Final = 1               # bits of a rights mask; those of an EPT entry are the same
WRITE: Final = 2
EXECUTE: Final = 4

# page-fault error code (SDM Vol. 3A 4.7)
PF_PRESENT: Final = 1 << 0
PF_WRITE: Final = 1 << 1
PF_USER: Final = 1 << 2
PF_RESERVED: Final = 1 << 3
PF_FETCH: Final = 1 << 4

_LARGE_2M_RESERVED: Final = 0x1F_E000      # bits 20:13 of a PDE that maps a page; bit 12 is PAT


class Step(NamedTuple):
    """One entry that a walk read."""

    level: int        # 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE
    address: int      # of the entry, in the tables' own address space
    value: int        # its 64 bits


class Walk(NamedTuple):
    """What the paging structures say about one linear address. Rights and the rest mean nothing unless it is mapped."""

    steps: tuple[Step, ...]
    present: bool             # P = 1 in every entry read, the last one a leaf; an entry with reserved bits set is present too
    reserved: bool            # the last entry read has a reserved bit set
    address: int = 0          # what the byte at the linear address is called in the space that the leaf points to
    page: int = 0             # first byte of the page, the same space
    size: int = 0             # bytes
    write: bool = False       # AND of R/W
    user: bool = False        # AND of U/S
    execute: bool = False     # no XD
    dirty: bool = False       # the leaf's D flag
    global_: bool = False     # the leaf's G flag; CR4.PGE decides whether it counts
    unbacked: int = -1        # address of an entry that `read` has no memory for; then not present

    @property
    def mapped(self) -> bool:
        return self.present and not self.reserved


def index(la: int, level: int) -> int:
    """Number (0..511) of the entry for linear address `la` in its table of `level`."""
    return la >> 3 + 9 * level & 0x1FF


def page_size(level: int) -> int:
    """Bytes that one entry of `level` covers: 4 KiB at 1, 2 MiB at 2, 1 GiB at 3."""
    return 1 << 3 + 9 * level


def canonical(la: int, bits: int = 48) -> bool:
    """Whether bits 63 down to `bits`-1 of the linear address are all equal."""
    top = la >> bits - 1
    return top == 0 or top == (1 << 65 - bits) - 1


def is_leaf(entry: int, level: int) -> bool:
    """Whether a present entry maps a page."""
    return level == 1 or bool(entry & PS and level == 2)


def reserved_bits(entry: int, level: int, maxphyaddr: int, nxe: bool) -> int:
    """The bits set in a present entry that must be 0 (SDM Vol. 3A 4.5, F.1); 0 when it is legal."""
    mask: int = ADDRESS >> maxphyaddr << maxphyaddr
    if not nxe:
        mask |= XD
    if level == 4:
        mask |= PS
    elif level == 2 and entry & PS:
        mask |= _LARGE_2M_RESERVED
    return entry & mask


def software_walk(read: Callable[[int], int | None], cr3: int, la: int, *, maxphyaddr: int, nxe: bool) -> Walk:
    """Walk the tables at CR3 bits 51:12 for canonical `la`; sets no flags, checks no rights.

    read: the 64 bits at an address of the tables' own space, or None where it has no memory.
    raises: Unsupported at a 1-GiB page, and whatever `read` raises.
    """
    steps: list[Step] = []
    rights = RW | US
    disabled = 0
    table = cr3 & ADDRESS
    level = 4
    while True:
        address = table + index(la, level) * 8
        entry = read(address)
        if entry is None:
            return Walk(tuple(steps), False, False, unbacked=address)
        steps.append(Step(level, address, entry))
        if not entry & P:
            return Walk(tuple(steps), False, False)
        if level == 3 and entry & PS:
            raise Unsupported(f"the PDPTE at {address:#x} maps a 1-GiB page, which is not modelled", "use 2-MiB or 4-KiB pages")
        if reserved_bits(entry, level, maxphyaddr, nxe):
            return Walk(tuple(steps), True, True)
        rights &= entry
        disabled |= entry & XD
        table = entry & ADDRESS
        if is_leaf(entry, level):
            size = page_size(level)
            page = table & -size
            return Walk(tuple(steps), True, False, page | la & size - 1, page, size, bool(rights & RW), bool(rights & US),
                        not disabled, bool(entry & D), bool(entry & G))
        level -= 1
