"""`invpcid type= pcid= addr=`: invalidate by PCID, the descriptor in memory as compilers put it; `la=` says the same as `addr=`."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.mov import INTERCEPTED, require_exit
from kvmdbg.session.cases.steps import Actor, Operation

KNOWN: Final = frozenset(("type", "pcid", "addr", "la"))


@operation("invpcid")
def invpcid(h: Harness, op: Operation, actor: Actor) -> None:
    """L1 keeps the descriptor in its memory; L2's is given in registers, as nothing of L2's is mapped for it.

    `invpcid (intercepted)`, without operands, invalidates the PCID that is in use, and L0 must see it.
    """
    if op.aside == INTERCEPTED and not op.operands:
        h.player.inject("invpcid single-context 0")
        require_exit(h, op)
        return
    if op.aside or op.plain or not {operand.key for operand in op.operands} <= KNOWN or not op.named("type"):
        raise Unsupported(f"{op.text}: a type, a PCID and an address")
    kind, pcid, address = (h.binding.number64(text or "0") for text in (op.named("type"), op.named("pcid"), op.named("addr", "la")))
    if actor.name == "L2":
        h.player.inject(f"invpcid {kind:#x}, {pcid:#x}, {address:#x}")
        return
    h.player.poke(binding.DESCRIPTOR, pcid)
    h.player.poke(binding.DESCRIPTOR + 8, address)
    h.player.inject(f"invpcid {kind:#x}, @{binding.DESCRIPTOR:#x}")
