"""`vmcall`: L2 calls L1, or L1 calls L0; `exit`: L2 leaves for L1, however."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmcall")
def vmcall(h: Harness, op: Operation, actor: Actor) -> None:
    """It takes no operand."""
    h.player.inject("vmcall")


@operation("exit", actors=("L2",))
def leave(h: Harness, op: Operation, actor: Actor) -> None:
    """By a VMCALL."""
    if op.operands:
        raise Unsupported(f"{op.text}: only the plain word is done")
    h.player.inject("vmcall")
