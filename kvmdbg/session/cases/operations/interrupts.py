"""`self-IPI V`, `self-NMI`: interrupts that the level that acts sends to itself."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("self-IPI")
def self_ipi(h: Harness, op: Operation, actor: Actor) -> None:
    """The vector comes to its own local APIC, which belongs to L1; an L2 that sends one has it passed through."""
    vector = h.binding.number(op.rest.removeprefix("vector "))
    h.player.host(f"irq vcpu0 {vector:#x}")
    h.player.run()


@operation("self-NMI")
def self_nmi(h: Harness, op: Operation, actor: Actor) -> None:
    """An NMI of the virtual machine."""
    if op.operands:
        raise Unsupported(f"{op.text}: nothing goes with it")
    h.player.host("nmi vcpu0")
    h.player.run()
