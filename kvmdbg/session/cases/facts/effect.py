"""`effect`: a fact in words; those that the tape can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import EXIT_REASON_EXTERNAL_INTERRUPT
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited, RequestMade, RequestServiced, VpidAllocated, VpidFreed
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value


@key("effect")
def effect(observed: Observed, wanted: Value) -> str:
    """raises: Unsupported for words that nothing here can check."""
    teller = _TELLERS.get(str(wanted))
    if teller is None:
        raise Unsupported(f"effect: {wanted}")
    return teller(observed)


def _allocated(observed: Observed) -> str:
    given = [event.vpid for event in observed.events(VpidAllocated)]
    if given == [observed.vcpu.vpid02] and observed.vcpu.vpid02:
        return ""
    return f"allocated {given}, vpid02 is {observed.vcpu.vpid02}" if given else "no VPID was allocated"


def _freed(observed: Observed) -> str:
    freed = [event.vpid for event in observed.events(VpidFreed)]
    if len(freed) == 1 and freed[0] not in observed.kvm.vpid_bitmap:
        return ""
    return f"freed {freed}" if freed else "no VPID was freed"


def _served_first(observed: Observed) -> str:
    """At each nested entry or exit the flush requests that were pending have been served."""
    pending: set[str] = set()
    served, crossed = 0, 0
    for event in observed.events(RequestMade, RequestServiced, NestedEntered, NestedExited):
        if isinstance(event, RequestMade):
            pending |= {event.name} & FLUSHES
        elif isinstance(event, RequestServiced):
            served += event.name in pending
            pending -= {event.name}
        elif pending:
            return f"{', '.join(sorted(pending))} pending across {type(event).__name__}"
        else:
            crossed += 1
    return "" if crossed and served else f"{served} requests were served at {crossed} transitions"


def _goes_on(observed: Observed) -> str:
    """L2 runs, at the instruction at which it was left."""
    if not observed.vcpu.guest_mode:
        return f"L2 does not run: {observed.seen}"
    left, now = vmcs12.get(observed.kvm, observed.vcpu, F.GUEST_RIP), observed.kvm.cpu(observed.vcpu).rip
    return "" if left == now else f"it was left at {left:#x}, and is at {now:#x}"


def _exit_may_follow(observed: Observed) -> str:
    """L2 has exited for the interrupt of L1, once it had run."""
    reasons = [event.reason for event in observed.events(NestedExited)]
    return "" if reasons == [EXIT_REASON_EXTERNAL_INTERRUPT] else f"exits to L1: {reasons}"


FLUSHES: Final = frozenset(("TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST"))       # those that mean "the current context"
_TELLERS: Final[Mapping[str, Callable[[Observed], str]]] = {
    "vpid02 allocated": _allocated, "vpid02 freed": _freed, "request is served before the context changes": _served_first,
    "L2 goes on where it was": _goes_on, "L2 to L1 exit may follow": _exit_may_follow,
}
