"""`vmptrst`: the pointer of the current VMCS."""

from __future__ import annotations

from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmptrst")
def vmptrst(h: Harness, op: Operation, actor: Actor) -> int:
    """The model stores it in RAX."""
    h.player.inject("vmptrst")
    return h.rax
