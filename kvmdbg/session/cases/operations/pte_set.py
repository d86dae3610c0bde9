"""`pte_set gva=V -> other frame`, `A/D=A+D`, `level= present= perms= set_bit= flip_bit=`: change a page-table entry in memory.

Nothing is invalidated.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.ept_set import is_on
from kvmdbg.session.cases.steps import Actor, Operation

OTHER_FRAME: Final = ("-> other frame", "-> other frame or permissions")
NOT_PRESENT: Final = "-> not present"
ACCESSED_DIRTY: Final = {"none": 0, "A": paging.A, "D": paging.D, "A+D": paging.A | paging.D}
CHANGES: Final = frozenset(("A/D", "present", "perms", "set_bit", "flip_bit"))
KNOWN: Final = CHANGES | {"gva", "level"}


@operation("pte_set", at_once=True)
def pte_set(h: Harness, op: Operation, actor: Actor) -> None:
    """V belongs to L2 wherever a step of L2 uses it, and then it is L2's table that changes, whoever writes."""
    address = h.binding.number64(op.named("gva"))
    level = h.tables
    leaf = h.setup.layout.v.level if level == "L1" else 1
    table_level = int(op.named("level") or leaf)
    _, old = h.player.entry(level, address, table_level)
    if table_level == leaf:
        h.about_to_change(level, address)
    h.player.set_entry(level, address, new_value(h, op, old), table_level)


def new_value(h: Harness, op: Operation, old: int) -> int:
    """The entry's new 64 bits.  raises: Unsupported for a change that is none of these."""
    named = {operand.key for operand in op.operands if operand.key}
    if op.rest in OTHER_FRAME and not named & CHANGES:
        other = binding.FRAME_NEW if old & paging.ADDRESS == binding.FRAME_OLD else binding.FRAME_OLD
        return old & ~paging.ADDRESS & ~(paging.A | paging.D) | other
    if op.rest == NOT_PRESENT and not named & CHANGES:
        return old & ~paging.P
    if op.plain or not named & CHANGES or named - KNOWN:
        raise Unsupported(f"{op.text}: this change of an entry is not done")
    return _changed(h, op, old)


def _changed(h: Harness, op: Operation, value: int) -> int:
    if flags := op.named("A/D"):
        if flags not in ACCESSED_DIRTY:
            raise Unsupported(f"{op.text}: A/D={flags}")
        value = value & ~(paging.A | paging.D) | ACCESSED_DIRTY[flags]
    if present := op.named("present"):
        value = value & ~paging.P | paging.P * is_on(op, present)
    if perms := op.named("perms"):
        value = _with_rights(value, perms)
    if bit := op.named("set_bit"):
        value |= 1 << h.binding.number(bit)
    if bit := op.named("flip_bit"):
        value ^= 1 << h.binding.number(bit)
    return value


def _with_rights(value: int, perms: str) -> int:
    """`rw-`, `uw-`: without any letter the entry is not present; U/S stays unless user mode is named."""
    value &= ~(paging.P | paging.RW | paging.XD)
    value |= (paging.P if set(perms) & set("rwxu") else 0) | paging.RW * ("w" in perms) | (0 if "x" in perms else paging.XD)
    return value | paging.US * ("u" in perms)
