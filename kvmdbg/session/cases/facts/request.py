"""`request`: which TLB-flush requests the step makes, all of them: `TLB_FLUSH_GUEST`, or `none`."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

FLUSHES: Final = ("TLB_FLUSH", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST")
NONE: Final = "none"


@key("request")
def request(observed: Observed, wanted: Value) -> str:
    """The wanted request and no other flush request; whether it is made once or again does not matter."""
    word = str(wanted).partition("(")[0].strip()
    if word not in (*FLUSHES, NONE):
        raise Unsupported(f"request: {word}")
    made = {event.name: event.by for event in observed.events(RequestMade) if event.name in FLUSHES}
    if set(made) == (set() if word == NONE else {word}):
        return ""
    return ", ".join(f"{name} by {by}" for name, by in sorted(made.items())) or NONE
