"""`order`: what came before what, in words; the one that the tape can tell."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.machine.kvm.events import Decided, ImmediateExitRequested, RequestServiced
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

CHECKED_THEN_SENT: Final = "request checked before the entry, IPI sent after the last check"


@key("order")
def order(observed: Observed, wanted: Value) -> str:
    """raises: Unsupported for other words."""
    if wanted != CHECKED_THEN_SENT:
        raise Unsupported(f"order: {wanted}")
    events = observed.events(RequestServiced, Decided, ImmediateExitRequested, VmEntered)
    seen = [word for event in events if (word := _word(event))]
    return "" if seen[-4:] == ["request", "last check", "self-IPI", "entry"] else ", ".join(seen) or "none of it"


def _word(event: object) -> str:
    match event:
        case RequestServiced(name="IMMEDIATE_EXIT"):
            return "request"
        case Decided(function="kvm_vcpu_exit_request", answer="no"):
            return "last check"
        case ImmediateExitRequested(by="self-IPI"):
            return "self-IPI"
        case VmEntered():
            return "entry"
    return ""
