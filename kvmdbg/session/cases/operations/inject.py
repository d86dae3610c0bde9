"""`inject SMI`, `inject NMI`, `inject INIT`: the guest is interrupted from outside, and runs."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

EVENTS: Final = {"SMI": "smi", "NMI": "nmi", "INIT": "init"}
SIPI: Final = re.compile(r"SIPI (\w+)")


@operation("inject", actors=("host", "L0.user", "L0"), at_once=True, own=True)
def inject(h: Harness, op: Operation, actor: Actor) -> None:
    """KVM_SMI, KVM_NMI, or what another processor sends; then KVM_RUN until the guest waits."""
    start = SIPI.fullmatch(op.rest)
    if op.rest not in EVENTS and not start:
        raise Unsupported(f"{op.text}: only SMI, NMI, INIT or SIPI with its vector")
    h.player.host(f"sipi {h.binding.number(start[1]):#x}" if start else EVENTS[op.rest])
    h.player.run()
