"""`nop`, `cpuid`, `hlt`: instructions without operands."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("nop", "cpuid", "hlt")
def plain(h: Harness, op: Operation, actor: Actor) -> None:
    """CPUID has no leaves in the model: a step that reads one cannot be done."""
    if op.operands:
        raise Unsupported(f"{op.text}: the values of {op.word} are not modelled")
    h.player.inject(op.word)
