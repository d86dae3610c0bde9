"""Paging in each mode: what an entry of the paging structures says, and a walk that changes nothing (SDM Vol. 3A 4.3-4.5).

Theory of operation.  CR0, CR4 and IA32_EFER choose the mode (`paging_mode`); a `Paging` knows the shape of that mode's
tables, and `software_walk` is the one statement of the rules.  The processor's walker (access.py), KVM's guest walkers and
the `walk` command all call it and differ only in how they read a table entry.  A walk starts at CR3, except for PAE paging:
there it starts at the four PDPTEs, which are registers and not memory (4.4.1); `read_pdptes` is how they get their values.

Memory has cells of 64 bits (memory.py), so `read` gives the cell around an address, and `Paging.entry` takes an entry of
32-bit paging out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import CR0_PG, CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA, EFER_NXE
from kvmdbg.machine.hw.state import NO_PDPTES, Caps, Pdptes

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
PAGE_4M: Final = 0x40_0000    # 32-bit paging with CR4.PSE
PAGE_1G: Final = 0x4000_0000

NO_PAGING: Final = "no paging"            # linear addresses are physical ones
BITS_32: Final = "32-bit"
PAE: Final = "PAE"
LEVELS_4: Final = "4-level"
LEVELS_5: Final = "5-level"
LEVELS: Final[dict[str, tuple[int, ...]]] = {          # of the tables that a walk reads in memory, top first
    NO_PAGING: (), BITS_32: (2, 1), PAE: (2, 1), LEVELS_4: (4, 3, 2, 1), LEVELS_5: (5, 4, 3, 2, 1)}
CR3_ADDRESS: Final = {BITS_32: 0xFFFF_F000, PAE: 0xFFFF_FFE0}
MASK_32: Final = 0xFFFF_FFFF
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
_LARGE_1G_RESERVED: Final = 0x3FFF_E000    # bits 29:13 of a PDPTE that maps a page
_PAE_RESERVED: Final = 0x7FF0_0000_0000_0000          # bits 62:52, which the other modes ignore
_PDPTE_RESERVED: Final = 0xFFF0_0000_0000_01E6        # bits 63:52, 8:5 and 2:1
_PSE36_WIDTH: Final = 40                   # bits of an address that a 4-MiB page can have


class Step(NamedTuple):
    """One entry that a walk read."""

    level: int        # 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE
    address: int      # of the entry, in the tables' own address space
    value: int        # its 64 bits; 32 in 32-bit paging


class Walk(NamedTuple):
    """What the paging structures say about one linear address. Rights and the rest mean nothing unless it is mapped."""

    steps: tuple[Step, ...]   # the entries in memory; a PDPTE register of PAE paging is none
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


class Start(NamedTuple):
    """Where a walk begins that knows what the upper levels say: in a table below them, with the rights that they leave."""

    level: int        # of the table's entries
    table: int        # its address, in the tables' own space
    write: bool = True
    user: bool = True
    execute: bool = True


def index(la: int, level: int) -> int:
    """Number (0..511) of the entry of 64 bits for linear address `la` in its table of `level`."""
    return la >> 3 + 9 * level & 0x1FF


def page_size(level: int) -> int:
    """Bytes that one entry of 64 bits at `level` covers: 4 KiB at 1, 2 MiB at 2, 1 GiB at 3."""
    return 1 << 3 + 9 * level


def canonical(la: int, bits: int = 48) -> bool:
    """Whether bits 63 down to `bits`-1 of the linear address are all equal."""
    top = la >> bits - 1
    return top == 0 or top == (1 << 65 - bits) - 1


# -- the mode --------------------------------------------------------------------------------------------------------


class Paging(NamedTuple):
    """How linear addresses are translated: the mode, and what in it depends on the processor and on control bits."""

    mode: str                 # NO_PAGING, BITS_32, PAE, LEVELS_4 or LEVELS_5
    nxe: bool                 # bit 63 of an entry disables execution; else it is reserved
    pse: bool                 # 32-bit paging: a PDE may map 4 MiB
    maxphyaddr: int
    page_1g: bool             # 4 and 5 levels: a PDPTE may map 1 GiB

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels of the tables in memory, top first."""
        return LEVELS[self.mode]

    @property
    def linear_bits(self) -> int:
        """Bits of a linear address."""
        return {LEVELS_5: 57, LEVELS_4: 48}.get(self.mode, 32)

    @property
    def entry_size(self) -> int:
        """Bytes of a paging-structure entry."""
        return 4 if self.mode == BITS_32 else 8

    def canonical(self, la: int) -> bool:
        """May an access be to this linear address?  Addresses of 32 bits are all canonical."""
        return self.linear_bits == 32 or canonical(la, self.linear_bits)

    def root(self, cr3: int) -> int:
        """Address of the top table: of the page-directory-pointer table in PAE paging."""
        return cr3 & CR3_ADDRESS.get(self.mode, ADDRESS)

    def entry_at(self, table: int, la: int, level: int) -> int:
        """Address of the entry for `la` in a table of `level`."""
        if self.mode == BITS_32:
            return table + 4 * (la >> 2 + 10 * level & 0x3FF)
        return table + 8 * index(la & MASK_32 if self.mode == PAE else la, level)

    def entry(self, address: int, cell: int) -> int:
        """The entry at an address, out of the 64 bits around it."""
        return cell >> 8 * (address & 4) & MASK_32 if self.mode == BITS_32 else cell

    def cell(self, address: int, cell: int, entry: int) -> int:
        """The 64 bits around an address with another entry in them."""
        if self.mode != BITS_32:
            return entry
        shift = 8 * (address & 4)
        return cell & ~(MASK_32 << shift) | (entry & MASK_32) << shift

    def page_size(self, level: int) -> int:
        """Bytes that one entry of `level` covers."""
        return 1 << 2 + 10 * level if self.mode == BITS_32 else page_size(level)

    def is_leaf(self, entry: int, level: int) -> bool:
        """Does a present entry map a page?"""
        if level == 1 or not entry & PS:
            return level == 1
        if self.mode == BITS_32:
            return self.pse
        return level == 2 or level == 3 and self.page_1g

    def page(self, entry: int, level: int) -> int:
        """First address of the page that a leaf maps."""
        size = self.page_size(level)
        if size == PAGE_4M:                               # PSE-36: bits 20:13 are address bits 39:32
            return entry & MASK_32 & -size | (entry >> 13 & 0xFF) << 32
        return entry & ADDRESS & -size

    def reserved_bits(self, entry: int, level: int) -> int:
        """The bits set in a present entry that must be 0 (SDM Vol. 3A 4.3-4.5, F.1); 0 when it is legal."""
        if self.mode == BITS_32:
            return entry & self._reserved_4m() if self.is_leaf(entry, level) and level == 2 else 0
        mask: int = ADDRESS >> self.maxphyaddr << self.maxphyaddr
        if not self.nxe:
            mask |= XD
        if self.mode == PAE:
            mask |= _PAE_RESERVED
        if level > 3 or level == 3 and not self.page_1g:
            mask |= PS
        elif level == 3 and entry & PS:
            mask |= _LARGE_1G_RESERVED
        elif level == 2 and entry & PS:
            mask |= _LARGE_2M_RESERVED
        return entry & mask

    def _reserved_4m(self) -> int:
        """Bit 21 and the bits 20:13 that would be address bits beyond the processor's width."""
        extra = min(self.maxphyaddr, _PSE36_WIDTH) - 32
        return 0x3F_E000 & ~(((1 << extra) - 1) << 13)


def paging_mode(cr0: int, cr4: int, efer: int, caps: Caps) -> Paging:
    """The paging mode that the control registers choose on a processor (SDM Vol. 3A 4.1.1)."""
    if not cr0 & CR0_PG:
        mode = NO_PAGING
    elif not cr4 & CR4_PAE:
        mode = BITS_32
    elif not efer & EFER_LMA:
        mode = PAE
    else:
        mode = LEVELS_5 if cr4 & CR4_LA57 else LEVELS_4
    return Paging(mode, bool(efer & EFER_NXE) and mode != BITS_32, bool(cr4 & CR4_PSE), caps.maxphyaddr, caps.page_1g)


# -- PDPTE registers (SDM Vol. 3A 4.4.1) ------------------------------------------------------------------------------


def read_pdptes(read: Callable[[int], int | None], cr3: int) -> Pdptes | None:
    """The four PDPTEs that a load of CR3 takes from memory; None where `read` has none."""
    table = cr3 & CR3_ADDRESS[PAE]
    first, second, third, fourth = (read(table + 8 * i) for i in range(4))
    if first is None or second is None or third is None or fourth is None:
        return None
    return first, second, third, fourth


def pdpte_problem(entry: int, maxphyaddr: int) -> str:
    """What keeps a PDPTE from being loaded, in words that follow "must", or "": reserved bits, if it is present."""
    reserved = entry & (_PDPTE_RESERVED | ADDRESS >> maxphyaddr << maxphyaddr)
    return f"not set the reserved bits {reserved:#x}" if entry & P and reserved else ""


def pdptes_problem(pdptes: Pdptes, maxphyaddr: int) -> str:
    """The same for all four."""
    problems = ((i, pdpte_problem(entry, maxphyaddr)) for i, entry in enumerate(pdptes))
    return next((f"{problem} of PDPTE{i}" for i, problem in problems if problem), "")


# -- the walk --------------------------------------------------------------------------------------------------------


def identity(la: int) -> Walk:
    """Without paging a linear address is a physical one, whatever size EPT has for the page."""
    return Walk((), True, False, la, la & -PAGE_1G, PAGE_1G, True, True, True, True)


def software_walk(read: Callable[[int], int | None], paging: Paging, cr3: int, la: int, pdptes: Pdptes = NO_PDPTES, *,
                  start: Start | None = None, until: int = 0) -> Walk:
    """Walk the tables for canonical `la`; sets no flags, checks no rights.

    read: the 64 bits around an address of the tables' own space, or None where it has no memory.
    cr3: used in every mode but PAE paging.    pdptes: used in PAE paging only.    raises: whatever `read` raises.
    start: where to begin instead.    until: the last level to read: where its entry names a table, `page` and `address` are the
    table's and `size` is PAGE_4K.
    """
    if paging.mode == NO_PAGING:
        return identity(la)
    steps: list[Step] = []
    rights = RW | US
    disabled = 0
    levels = paging.levels
    if start is not None:
        levels, table = levels[levels.index(start.level):], start.table
        rights, disabled = RW * start.write | US * start.user, 0 if start.execute else XD
    elif paging.mode == PAE:
        pdpte = pdptes[la >> 30 & 3]
        if not pdpte & P:
            return Walk((), False, False)
        table = pdpte & ADDRESS
    else:
        table = paging.root(cr3)
    if until:
        levels = levels[:levels.index(until) + 1]
    for level in levels:
        address = paging.entry_at(table, la, level)
        cell = read(address)
        if cell is None:
            return Walk(tuple(steps), False, False, unbacked=address)
        entry = paging.entry(address, cell)
        steps.append(Step(level, address, entry))
        if not entry & P:
            return Walk(tuple(steps), False, False)
        if paging.reserved_bits(entry, level):
            return Walk(tuple(steps), True, True)
        rights &= entry
        disabled |= entry & XD
        if paging.is_leaf(entry, level):
            break
        table = entry & ADDRESS
    else:
        return Walk(tuple(steps), True, False, table, table, PAGE_4K, bool(rights & RW), bool(rights & US), not disabled)
    size = paging.page_size(level)
    page = paging.page(entry, level)
    return Walk(tuple(steps), True, False, page | la & size - 1, page, size, bool(rights & RW), bool(rights & US),
                not disabled, bool(entry & D), bool(entry & G))
