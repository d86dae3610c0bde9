"""`nop`, `hlt`: instructions without operands."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("nop", "hlt")
def plain(h: Harness, op: Operation, actor: Actor) -> None:
    """They read and write nothing."""
    if op.operands:
        raise Unsupported(f"{op.text}: {op.word} takes no operand")
    h.player.inject(op.word)
