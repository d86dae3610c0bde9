"""`vmptrld X`: make a VMCS current."""

from __future__ import annotations

from kvmdbg.session.cases import binding, regions
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmptrld")
def vmptrld(h: Harness, op: Operation, actor: Actor) -> None:
    """X names a region, or is any address.  A wrong revision goes into another region than the current one."""
    h.player.inject(f"vmptrld {regions.operand(h, op.rest, binding.VMCS_A, binding.VMCS_B)}")
