"""`nop`, `sti`, `int3`, `int 0x80`, `div 0`: instructions with no operand or one number; `hlt through the emulator` of L0."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.raise_ import overflow
from kvmdbg.session.cases.steps import Actor, Operation

OTHER_NAMES: Final = {"icebp": "int1"}


@operation("nop", "hlt", "pause", "sti", "cli", "stac", "clac", "int1", "icebp", "int3", "into", "ud2", "fnop", "iret")
def plain(h: Harness, op: Operation, actor: Actor) -> None:
    """They read and write nothing that a case compares."""
    if op.rest == "through the emulator":
        if not h.setup.config.force_emulation_prefix or f"fep-{op.word}" not in INSTRUCTIONS:
            raise Unsupported(f"{op.text}: not behind the forced emulation prefix of L0")
        h.player.inject(f"fep-{op.word}")
        return
    if op.operands:
        raise Unsupported(f"{op.text}: {op.word} takes no operand")
    if op.word == "into" and actor.name == "L2":
        overflow(h)
    else:
        h.player.inject(OTHER_NAMES.get(op.word, op.word))


@operation("int", "div")
def with_number(h: Harness, op: Operation, actor: Actor) -> None:
    """A vector, a divisor."""
    if not op.plain or len(op.plain) != len(op.operands):
        raise Unsupported(f"{op.text}: {op.word} takes one number")
    h.player.inject(f"{op.word} {h.binding.number64(op.rest):#x}")
