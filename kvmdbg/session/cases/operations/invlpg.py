"""`invlpg V`, `invlpg gva=V`, `invlpg fs:0x1000`: forget one linear address."""

from __future__ import annotations

from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("invlpg")
def invlpg(h: Harness, op: Operation, actor: Actor) -> None:
    """`fs:0x1000` is an offset in a segment."""
    segment, colon, address = (op.named("gva") or op.rest).rpartition(":")
    h.player.inject(f"invlpg {segment}{colon}{h.binding.number64(address):#x}")
