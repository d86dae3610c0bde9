"""`vmlaunch`, `vmresume`, `vmlaunch or vmresume`, `enter L2`: enter L2 with the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

EITHER: Final = ("/ vmresume", "or vmresume")


@operation("vmlaunch", "vmresume", actors=("L1",))
def vmentry(h: Harness, op: Operation, actor: Actor) -> None:
    """Where the step leaves the choice, the launch state makes it."""
    if op.rest and op.rest not in EITHER:
        raise Unsupported(f"{op.text}: only the plain instruction is done")
    h.enter("" if op.rest else op.word)
    if h.setup.calls_at_once and h.level == 2:
        h.player.inject("vmcall")


@operation("enter", actors=("L1",))
def enter(h: Harness, op: Operation, actor: Actor) -> None:
    """`enter L2`, however."""
    if op.rest != "L2":
        raise Unsupported(f"{op.text}: only `enter L2` is done")
    h.enter()
