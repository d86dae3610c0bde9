"""`invlpg V`: forget one linear address."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("invlpg")
def invlpg(h: Harness, op: Operation, actor: Actor) -> None:
    """Segment overrides are not modelled: every segment is flat."""
    if ":" in op.rest:
        raise Unsupported(f"{op.text}: segment bases are not modelled")
    h.player.inject(f"invlpg {h.binding.number64(op.rest):#x}")
