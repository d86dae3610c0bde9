"""`inject SMI`, `inject NMI`: user space interrupts the guest, and lets it run."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

EVENTS: Final = {"SMI": "smi", "NMI": "nmi"}


@operation("inject", actors=("host", "L0.user", "L0"), at_once=True, own=True)
def inject(h: Harness, op: Operation, actor: Actor) -> None:
    """KVM_SMI, KVM_NMI, then KVM_RUN until the guest waits."""
    if op.rest not in EVENTS:
        raise Unsupported(f"{op.text}: only SMI or NMI")
    h.player.host(EVENTS[op.rest])
    h.player.run()
