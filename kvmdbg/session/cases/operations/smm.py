"""`handler`, `rsm`: what the guest's handler of SMIs does, in system-management mode."""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("handler", "rsm", actors=("SMM",), at_once=True)
def smm(h: Harness, op: Operation, actor: Actor) -> None:
    """The handler's own work is nothing that a case looks at: one instruction stands for it.  raises: UserError outside SMM."""
    if op.operands:
        raise Unsupported(f"{op.text}: only the plain word is done")
    if not h.vcpu.smm:
        raise UserError(f"{op.word}: the guest is not in system-management mode")
    h.player.inject("rsm" if op.word == "rsm" else "nop")
