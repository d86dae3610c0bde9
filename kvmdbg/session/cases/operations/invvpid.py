"""`invvpid type= vpid= gla=`, `invvpid type= desc=@ADDRESS`: invalidate by VPID, the descriptor in memory as compilers put it."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

LOWEST: Final = "lowest supported"


@operation("invvpid")
def invvpid(h: Harness, op: Operation, actor: Actor) -> None:
    """L1 keeps the descriptor in its memory; L2's exits before anything is read."""
    type_ = type_of(h, op)
    memory = op.named("desc")
    if memory:
        address = memory.removeprefix("@")
        h.player.inject(f"invvpid {type_:#x}, @{h.binding.number64(address):#x}")
        return
    vpid, gla = (h.binding.number64(op.named(key) or default) for key, default in (("vpid", "1"), ("gla", "0")))
    if actor.name == "L2":
        h.player.inject(f"invvpid {type_:#x}, {vpid:#x}, {gla:#x}")
        return
    h.player.poke(binding.DESCRIPTOR, vpid)
    h.player.poke(binding.DESCRIPTOR + 8, gla)
    h.player.inject(f"invvpid {type_:#x}, @{binding.DESCRIPTOR:#x}")


def type_of(h: Harness, op: Operation) -> int:
    """The type as 64 bits; a negative one is sign-extended as the register would hold it."""
    text = op.named("type") or "0"
    if LOWEST not in text:
        return h.binding.number64(text)
    offered = nested_caps(h.kvm).invvpid_types
    if not offered:
        raise Unsupported(f"{op.text}: L1 is offered no type")
    return min(offered)
