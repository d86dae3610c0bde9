"""`vmxoff`: leave VMX operation."""

from __future__ import annotations

from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmxoff")
def vmxoff(h: Harness, op: Operation, actor: Actor) -> None:
    """It takes no operand."""
    h.player.inject("vmxoff")
