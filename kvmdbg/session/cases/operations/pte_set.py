"""`pte_set gva=V -> other frame`, `pte_set gva=V A/D=A+D`: change a page-table entry in memory, without invalidation."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

OTHER_FRAME: Final = ("-> other frame", "-> other frame or permissions")
ACCESSED_DIRTY: Final = {"none": 0, "A": paging.A, "D": paging.D, "A+D": paging.A | paging.D}


@operation("pte_set", at_once=True)
def pte_set(h: Harness, op: Operation, actor: Actor) -> None:
    """V belongs to L2 wherever a step of L2 uses it, and then it is L2's table that changes, whoever writes."""
    address = h.binding.number64(op.named("gva"))
    level = h.tables
    _, old = h.player.entry(level, address)
    h.about_to_change(level, address)
    h.player.set_entry(level, address, new_value(op, old))


def new_value(op: Operation, old: int) -> int:
    """The entry's new 64 bits.  raises: Unsupported for a change that is none of these."""
    flags = op.named("A/D")
    if flags in ACCESSED_DIRTY and not op.plain:
        return old & ~(paging.A | paging.D) | ACCESSED_DIRTY[flags]
    if op.rest in OTHER_FRAME:
        other = binding.FRAME_NEW if old & paging.ADDRESS == binding.FRAME_OLD else binding.FRAME_OLD
        return old & ~paging.ADDRESS & ~(paging.A | paging.D) | other
    raise Unsupported(f"{op.text}: this change of an entry is not done")
