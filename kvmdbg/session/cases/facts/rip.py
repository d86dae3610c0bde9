"""`rip: N+1`, `unchanged`, `after the out`, `#GP handler`, `next instruction`: where the level that acted stands."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.l2_scene import handler_of
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.seen import EXIT

NEXT: Final = "next instruction"
UNCHANGED: Final = "unchanged"
AFTER: Final = re.compile(r"after the (\w+)")
HANDLER: Final = re.compile(r"(#\w\w) handler")


@key("rip")
def rip(observed: Observed, wanted: Value) -> str:
    """Of L2 as L1 finds it after an exit, else of the level that runs.  raises: Unsupported for other words."""
    text = str(wanted)
    if text == NEXT:
        return _moved_by(observed, INSTRUCTIONS[observed.last.word].length)
    if text == UNCHANGED:
        return _moved_by(observed, 0)
    if match := AFTER.fullmatch(text):
        if match[1] not in INSTRUCTIONS:
            raise Unsupported(f"rip: {text}: no instruction of the model")
        return _moved_by(observed, INSTRUCTIONS[match[1]].length)
    match = HANDLER.fullmatch(text)
    number: Value = handler_of(VECTORS[match[1]]) if match and match[1] in VECTORS else wanted
    return same_number(observed, _now(observed), number)


def _now(observed: Observed) -> int:
    if observed.seen.kind == EXIT:
        return vmcs12.get(observed.kvm, observed.vcpu, F.GUEST_RIP)
    return observed.kvm.cpu(observed.vcpu).rip


def _moved_by(observed: Observed, length: int) -> str:
    """How far RIP is from where it was when the step began: the processor's, or, where L1 has entered L2, vmcs12's."""
    cpu = observed.kvm.cpu(observed.vcpu)
    of_l2 = observed.seen.kind == EXIT and observed.last.actor == "L1"
    changes = (old for owner, field, old, _ in observed.kvm.tape.entries[observed.start:observed.stop]
               if (owner is observed.kvm.cached_vmcs12 and field == (observed.vcpu.id, F.GUEST_RIP) if of_l2
                   else owner is cpu and field == "rip"))
    now = _now(observed)
    before = next(changes, now)
    return "" if now - before == length else f"RIP moved by {now - before}"
