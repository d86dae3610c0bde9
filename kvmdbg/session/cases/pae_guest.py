"""An L2 of 32 bits in PAE paging: what L1 writes into its VMCS for it, and its tables.

Its four PDPTEs are all there, so that the rules for them can be broken one by one.  Where L1 uses EPT the VMCS holds them, else
they are loaded from the page at CR3.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept, paging
from kvmdbg.machine.hw.controls import AR_DB, AR_L, EFER_LMA, EFER_LME, ENTRY_IA32E_MODE
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.kvm.vmx import AR_CODE_64, BOOT_EFER
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.player import EPT12, L2, Player

LINEAR_V: Final = 0x4000_0000              # V, below 4 GiB: under the second PDPTE
PDPT_LEVEL: Final = 3
LOWER_LEVELS: Final = (2, 1)


def fields(entry_controls: int) -> dict[int, int]:
    """Fields of vmcs12 that differ from those of a 64-bit guest.  entry_controls: of that one."""
    return {F.VM_ENTRY_CONTROLS: entry_controls & ~ENTRY_IA32E_MODE, F.GUEST_IA32_EFER: BOOT_EFER & ~(EFER_LME | EFER_LMA),
            F.GUEST_CS_AR_BYTES: AR_CODE_64 & ~AR_L | AR_DB}


def lay_out(player: Player, eptp: int | None, other: int | None) -> None:
    """V, and a page below each of the other PDPTEs; the VMCS, which is current, gets what the page of PDPTEs holds.

    eptp: L1's EPTP for L2, None where it uses none.    other: a second one, under which the PDPTEs are others.
    """
    for number in range(4):
        player.map(L2, number << 30 | LINEAR_V & paging.PAGE_1G - 1, binding.FRAME_OLD, root=binding.L2_ROOT, eptp=eptp)
    if eptp is not None:
        for number, field in enumerate(PDPTES):
            player.inject(f"vmwrite {FIELDS[field].name}, {pdpte(player, number):#x}")
    if eptp is not None and other is not None:
        lay_out_under_another_ept(player, eptp, other)


def pdpte(player: Player, number: int) -> int:
    """What the page of PDPTEs holds."""
    return player.entry(L2, number << 30, PDPT_LEVEL)[1]


def lay_out_under_another_ept(player: Player, eptp: int, other: int) -> None:
    """Under the other EPTP the page of PDPTEs names other tables for V; those that it names here lie in other frames there.

    So there is a way from the old PDPTEs as well, and where it leads shows which EPT was used.
    """
    for number, level in enumerate(LOWER_LEVELS):
        address, value = player.entry(L2, LINEAR_V, level)
        frame = binding.COPIES_UNDER_B + number * paging.PAGE_4K
        player.map(EPT12, address & ept.ADDRESS, frame, root=other)
        player.poke(frame | address & 0xFF8, value)
    player.map(EPT12, binding.L2_ROOT, binding.PDPT_UNDER_B, root=other)
    player.map(EPT12, binding.FRAME_OLD, binding.FRAME_NEW, root=other)
    player.map(L2, LINEAR_V, binding.FRAME_OLD, root=binding.L2_ROOT, eptp=other)
