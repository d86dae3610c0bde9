"""`(does nothing)`: an aside instead of an operation."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.immediate_exit import go_on
from kvmdbg.session.cases.steps import Actor, Operation

IDLE: Final = ("does nothing",)
DELIVERED: Final = "event of vmcs12 is delivered"


@operation("", at_once=True)
def nothing(h: Harness, op: Operation, actor: Actor) -> None:
    """Other asides describe something that happens by itself; the model would have to make it happen.

    What a VM entry delivers has happened with it; the step before has stopped in front of that.
    """
    if op.aside == DELIVERED and h.kvm.tape.cursor < h.kvm.tape.end:
        go_on(h)
    elif op.aside not in IDLE:
        raise Unsupported(f"({op.aside}): no operation")
