"""`invept type= eptp=`: invalidate by EPT pointer; without `eptp=` the one that L1 gave L2."""

from __future__ import annotations

from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("invept")
def invept(h: Harness, op: Operation, actor: Actor) -> None:
    """The descriptor lies in L1's memory; L2's exits before anything is read."""
    type_ = h.binding.number64(op.named("type") or "1")
    eptp = h.binding.number64(op.named("eptp") or "<current EPTP>")
    if actor.name == "L2":
        h.player.inject(f"invept {type_:#x}, {eptp:#x}")
        return
    h.player.poke(binding.DESCRIPTOR, eptp)
    h.player.poke(binding.DESCRIPTOR + 8, 0)
    h.player.inject(f"invept {type_:#x}, @{binding.DESCRIPTOR:#x}")
