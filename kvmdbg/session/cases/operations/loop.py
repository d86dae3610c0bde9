"""`loop`: L2 executes instructions without any effect until something makes it leave."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

LIMIT: Final = 2000                   # instructions; a preemption timer that a case leaves open is less


@operation("loop", "spin", actors=("L2",))
def loop(h: Harness, op: Operation, actor: Actor) -> None:
    """raises: Unsupported where nothing ends it: the case waits for what does not happen here."""
    if op.operands:
        raise Unsupported(f"{op.text}: nothing goes with it")
    for _ in range(LIMIT):
        h.player.inject("nop")
        if h.level == 1:
            return
    raise Unsupported(f"{op.text}: nothing has made L2 leave within {LIMIT} instructions")
