"""`ept_set gpa= level= perms= memtype= set_bit= flip_bit= huge= present=`: change an EPT entry in memory, without invalidation."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.paging import page_size
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.player import EPT12, LARGE_LEVELS
from kvmdbg.session.cases.steps import Actor, Operation

KNOWN: Final = frozenset(("gpa", "level", "perms", "memtype", "set_bit", "flip_bit", "huge", "present"))
YES_OR_NO: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
RIGHTS: Final = {"r": ept.READ, "w": ept.WRITE, "x": ept.EXECUTE}


@operation("ept_set", actors=("L1",), at_once=True)
def ept_set(h: Harness, op: Operation, actor: Actor) -> None:
    """`perms` replaces the rights; the other operands change single bits of what the entry holds."""
    unknown = {operand.key for operand in op.operands} - KNOWN
    if unknown:
        raise Unsupported(f"{op.text}: {sorted(unknown)[0] or op.rest}")
    gpa, level = h.binding.number64(op.named("gpa")), int(op.named("level") or "1")
    _, value = h.player.entry(EPT12, gpa, level)
    if level in LARGE_LEVELS and h.large and not value & ept.LARGE:
        value = large_leaf(h, gpa, level)
    h.player.set_entry(EPT12, gpa, new_value(h, op, value), level)


def large_leaf(h: Harness, gpa: int, level: int) -> int:
    """A 2-MiB or 1-GiB leaf over the frame that the 4-KiB entry below named."""
    _, leaf = h.player.entry(EPT12, gpa, 1)
    return leaf & ept.ADDRESS & -page_size(level) | ept.LARGE | ept.RIGHTS | ept.MEMTYPE_WB << ept.MEMTYPE_SHIFT


def is_on(op: Operation, text: str) -> bool:
    """`1` and `true` are yes.  raises: Unsupported for words that are neither yes nor no."""
    if text.lower() not in YES_OR_NO:
        raise Unsupported(f"{op.text}: {text} is neither yes nor no")
    return YES_OR_NO[text.lower()]


def new_value(h: Harness, op: Operation, value: int) -> int:
    """The entry's new 64 bits."""
    if present := op.named("present"):
        value = value & ~ept.RIGHTS | (ept.RIGHTS if is_on(op, present) else 0)
    if perms := op.named("perms"):
        value = value & ~ept.RIGHTS | sum(RIGHTS[letter] for letter in perms if letter != "-")
    if memtype := op.named("memtype"):
        value = value & ~(7 << ept.MEMTYPE_SHIFT) | h.binding.number(memtype) << ept.MEMTYPE_SHIFT
    if bit := op.named("set_bit"):
        value |= 1 << h.binding.number(bit)
    if bit := op.named("flip_bit"):
        value ^= 1 << h.binding.number(bit)
    return value
