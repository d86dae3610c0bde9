"""`pte: present, accessed, read-only, supervisor`: the entry by which L1 maps V, in the words of kvm-unit-tests' x86/access.c."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw import paging
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.player import L1, LARGE, PAGE, Player

GLOBAL: Final = 1 << 8
ALL: Final = "rwxu"
LARGE_LEVEL: Final = 2                # of the entry of a large page


class LeafOfV(NamedTuple):
    """What a case says of the entry; the default is a small page that may be used in every way."""

    rights: str = ALL
    present: bool = True
    bits: int = 0                      # that are set besides
    large: bool = False

    @property
    def level(self) -> int:
        """Of the table that the entry is in."""
        return LARGE_LEVEL if self.large else 1


def lay_out(player: Player, address: int, leaf: LeafOfV) -> None:
    """Make it. Its first frame is where the old mark is."""
    player.map(L1, address, binding.FRAME_OLD, leaf.rights, LARGE if leaf.large else PAGE)
    if leaf.bits or not leaf.present:
        _, entry = player.entry(L1, address, leaf.level)
        changed = (entry if leaf.present else entry & ~paging.P) | leaf.bits
        player.set_entry(L1, address, changed, leaf.level)
