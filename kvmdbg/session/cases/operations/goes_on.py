"""`goes on`: the level runs where it was, without having been brought to run."""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import LEVELS, operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("goes", at_once=True)
def goes_on(h: Harness, op: Operation, actor: Actor) -> None:
    """Its next instruction is a NOP.  raises: UserError where another level runs, or none."""
    if op.rest != "on":
        raise Unsupported(f"{op.text}: only `goes on` is done")
    if h.vcpu.smm or h.level != LEVELS[actor.name]:
        raise UserError(f"{actor.name} does not go on: {'the SMM handler' if h.vcpu.smm else f'L{h.level}'} runs")
    h.player.inject("nop")
