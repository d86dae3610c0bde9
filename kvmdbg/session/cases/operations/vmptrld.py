"""`vmptrld X`: make a VMCS current."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

REGIONS: Final = (binding.VMCS_A, binding.VMCS_B, binding.VMCS_C)


@operation("vmptrld")
def vmptrld(h: Harness, op: Operation, actor: Actor) -> None:
    """X names a region, which gets a revision identifier if L1 has not put one there yet; or is any address."""
    pointer = h.binding.number64(op.rest or "region")
    if pointer in REGIONS and not kvm_read_guest(h.kvm, pointer):
        h.player.poke(pointer, VMCS_REVISION)
    h.player.inject(f"vmptrld {pointer:#x}")
