"""`vmxon`, `vmxon X`: enter VMX operation with the VMXON region, or with what X names."""

from __future__ import annotations

from kvmdbg.session.cases import binding, regions
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("vmxon")
def vmxon(h: Harness, op: Operation, actor: Actor) -> None:
    """`revision ^ 2` and the like put another revision identifier into the region.

    Behind a change of CR0 or CR4 that no processor makes, VMXON is not reached: the MOV before it is what faults.
    """
    if h.refused:
        h.player.remark("MOV refuses every such bit, so that VMXON cannot be tried with one: the MOV once more")
        h.player.inject(h.refused)
        return
    h.player.inject(f"vmxon {regions.operand(h, op.rest, binding.VMXON_REGION, binding.VMXON_REGION)}")
