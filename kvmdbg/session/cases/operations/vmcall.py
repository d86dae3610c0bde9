"""`vmcall`: L2 calls L1, or L1 calls L0."""

from __future__ import annotations

from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmcall")
def vmcall(h: Harness, op: Operation, actor: Actor) -> None:
    """It takes no operand."""
    h.player.inject("vmcall")
