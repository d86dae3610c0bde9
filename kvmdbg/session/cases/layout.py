"""What the memory and the segments of L1 look like where a case wants more than every case finds; made before step 1."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.msrs import bitmap_bit
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.l2_scene import Scene
from kvmdbg.session.cases.leaf_of_v import LeafOfV
from kvmdbg.session.cases.player import L1, Player

RIGHTS: Final = {"user": paging.US, "supervisor": 0, "write": paging.RW, "read": 0}
PUD: Final = 3                  # level of the entries that share a table


class SegmentRegister(NamedTuple):
    """A segment register of L1."""

    name: str                    # "fs", "gs"
    base: int
    limit: int
    unusable: bool = False
    expand_down: bool = False


class CachedRoot(NamedTuple):
    """A shadow of one of L1's EPTs that KVM has cached."""

    name: str                    # of the EPTP: "A", "B"
    ad: bool                     # with accessed and dirty flags


class Layout(NamedTuple):
    """Things that few cases ask for, as values; the default asks for none."""

    identity: tuple[int, ...] = ()               # pages that L1 maps at their own address
    segments: tuple[SegmentRegister, ...] = ()
    roots: tuple[CachedRoot, ...] = ()           # the most recent first
    l2_pae: bool = False                         # L2 is a 32-bit guest in PAE paging
    pdpt_under_b: bool = False                   # whose PDPTEs are others under the second EPTP of the list
    pml5: bool = False                           # a PML5 above L1's PML4 is ready in memory
    l2_scene: Scene | None = None                # L2's code has addresses, and L2 an IDT
    msr_list: tuple[tuple[int, int], ...] = ()   # entries of an MSR list: first and second 64 bits
    msr_intercepts: tuple[tuple[int, bool], ...] = ()        # bits of L1's MSR bitmaps that are 1: (register, write?)
    feature_control: int = -1                    # IA32_FEATURE_CONTROL that the guest starts with; -1: as firmware leaves it
    dr6: int = -1                                # debug status that the first step finds; -1: as after reset
    v: LeafOfV = LeafOfV()                       # L1's own mapping of V, where its steps use it
    launched: bool = False                       # L2 has been entered before with the VMCS
    shared_pmd: tuple[str, ...] = ()             # rights of the two upper entries that share a lower table: "user, write"


def lay_out(player: Player, layout: Layout) -> None:
    """Make it. L1 runs, and nothing of it has been used yet."""
    if layout.identity:
        map_identity(player, layout.identity)
    if layout.pml5:
        player.poke(binding.PML5, player.kvm.cpu(player.vcpu).cr3 & paging.ADDRESS | paging.P | paging.RW | paging.US)
    if layout.shared_pmd:
        share_pmd(player, layout.shared_pmd)
    for segment in layout.segments:
        player.segment(*segment)
    if layout.dr6 >= 0:
        player.debug_status(layout.dr6)
    if layout.feature_control >= 0:
        player.host(f"set-msr IA32_FEATURE_CONTROL {layout.feature_control}")
        player.run()
    for offset, bits in bitmap_cells(layout.msr_intercepts).items():
        player.poke(binding.MSR_BITMAP + offset, bits)
    for number, (first, value) in enumerate(layout.msr_list):
        player.poke(binding.MSR_AREA + 16 * number, first)
        if value:
            player.poke(binding.MSR_AREA + 16 * number + 8, value)


def bitmap_cells(intercepts: tuple[tuple[int, bool], ...]) -> dict[int, int]:
    """Offset of 64 bits in the page of MSR bitmaps -> those bits; registers that no bitmap covers have none."""
    cells: dict[int, int] = {}
    for number, write in intercepts:
        byte, bit = bitmap_bit(number, write) or (0, -1)
        if bit >= 0:
            cells[byte & ~7] = cells.get(byte & ~7, 0) | 1 << 8 * (byte & 7) + bit
    return cells


def map_identity(player: Player, pages: tuple[int, ...]) -> None:
    """L1 goes to tables out of the way of the pages: the first ones lie at 0x1000."""
    for page in (*pages, binding.DESCRIPTOR):
        player.map(L1, page, page, root=binding.L1_ROOT)
    player.inject(f"mov cr3, {binding.L1_ROOT:#x}")


def share_pmd(player: Player, rights: tuple[str, ...]) -> None:
    """ptr1 and ptr2 below one upper entry, ptr3 and ptr4 below the next, which names the same lower table.

    ptr1 and ptr3 are read-only there, ptr2 and ptr4 may be written to (kvm-unit-tests x86/access.c).
    """
    player.map(L1, binding.PTR1, binding.FRAME_OLD, "rxu")
    player.map(L1, binding.PTR1 + paging.PAGE_2M, binding.FRAME_NEW, "rwxu")
    _, entry = player.entry(L1, binding.PTR1, PUD)
    table = entry & paging.ADDRESS | paging.P
    for address, text in zip((binding.PTR1, binding.PTR1 + paging.PAGE_1G), rights, strict=True):
        bits = [RIGHTS[word.strip()] for word in text.split(",")]
        player.set_entry(L1, address, table | sum(bits), PUD)
