"""`vmclear X`: make a VMCS clear and not current."""

from __future__ import annotations

from kvmdbg.session.cases import binding, regions
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmclear")
def vmclear(h: Harness, op: Operation, actor: Actor) -> None:
    """X names a region, or is any address."""
    h.player.inject(f"vmclear {regions.operand(h, op.rest, binding.VMCS_A, binding.VMCS_B)}")
