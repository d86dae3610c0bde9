"""`vmfunc eax= ecx=`: a VM function; 0 switches to the EPTP at that index of the list."""

from __future__ import annotations

from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmfunc")
def vmfunc(h: Harness, op: Operation, actor: Actor) -> None:
    """Any level may try."""
    function, index = (h.binding.number64(op.named(key) or "0") for key in ("eax", "ecx"))
    h.player.inject(f"vmfunc {function:#x}, {index:#x}")
