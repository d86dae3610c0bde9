"""`vmptrst`: the pointer of the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

MEMORY: Final = ("memory", "to memory", "in memory")


@operation("vmptrst")
def vmptrst(h: Harness, op: Operation, actor: Actor) -> int:
    """Stored in memory where the step says so, else in RAX, which the model can do."""
    if op.rest not in ("", *MEMORY):
        raise Unsupported(f"{op.text}: only `vmptrst` and `vmptrst memory`")
    if not op.rest:
        h.player.inject("vmptrst")
        return h.rax
    h.player.inject(f"vmptrst @{binding.DESCRIPTOR:#x}")
    return h.peek(binding.DESCRIPTOR)
