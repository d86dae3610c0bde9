"""`vmxon`, `vmxon X`: enter VMX operation with the VMXON region, or with what X names."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

RIGHT: Final = "region of 4K with the right revision"


@operation("vmxon")
def vmxon(h: Harness, op: Operation, actor: Actor) -> None:
    """`revision ^ 2` and the like put another revision identifier into the region."""
    pointer = binding.VMXON_REGION
    if op.rest.startswith("revision"):
        h.player.poke(pointer, h.binding.number(op.rest.replace("revision", hex(VMCS_REVISION))))
    elif op.rest and op.rest != RIGHT:
        pointer = h.binding.number64(op.rest)
    h.player.inject(f"vmxon {pointer:#x}")
