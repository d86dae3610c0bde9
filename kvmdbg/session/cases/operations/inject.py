"""`inject SMI`, `inject NMI`, `inject INIT`, `inject interrupt 0x30`: the guest is interrupted from outside, and runs."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

EVENTS: Final = {"SMI": "smi", "NMI": "nmi", "INIT": "init"}
WITH_VECTOR: Final = re.compile(r"(SIPI|(?:external )?interrupt)(?: vector)? (\w+)")


@operation("inject", actors=("host", "L0.user", "L0"), at_once=True, own=True)
def inject(h: Harness, op: Operation, actor: Actor) -> None:
    """KVM_SMI, KVM_NMI, or what another processor sends; then KVM_RUN until the guest waits."""
    match = WITH_VECTOR.fullmatch(op.rest)
    if op.rest not in EVENTS and not match:
        raise Unsupported(f"{op.text}: only SMI, NMI, INIT, or SIPI or interrupt with its vector")
    if match:
        h.player.host(f"{'sipi' if match[1] == 'SIPI' else 'irq vcpu0'} {h.binding.number(match[2]):#x}")
    else:
        h.player.host(EVENTS[op.rest])
    h.player.run()
