"""last: back to where a value changed."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.breakpoints import WATCH, Breakpoint
from kvmdbg.session.journey import Journey
from kvmdbg.session.motion import Backward, Motion, Watched
from kvmdbg.session.operands import Location
from kvmdbg.session.parse import command
from kvmdbg.session.results import Stop
from kvmdbg.session.session import Session
from kvmdbg.session.specs import is_spec


@command("last", group="motion",
         examples=("last vcpu0.requests", "last vmcs02.EPT_POINTER", "last tlb[vpid==3].count", "last flush"))
def last(s: Session, what: Location) -> Journey:
    """Go back to the last change of a value, or to the last such event.

    The cursor then stands before the entry that changed it.  Breakpoints on the way do not stop.
    """
    moves.require_past(s)
    if is_spec(what):
        return moves.backward(s, moves.until_back(s, what), reason="last")
    probe = Breakpoint(0, WATCH, what)
    probe.bind(s.kvm)
    return Journey(lambda: LastChange(s, probe))


class LastChange(Motion):
    """Backwards to the entry that gave an expression its present value."""

    def __init__(self, s: Session, probe: Breakpoint) -> None:
        super().__init__(s)
        self.start = s.tape.cursor
        self.watched = [Watched(probe, s)]

    def pump(self, budget: int = 1 << 62) -> Stop | None:
        watched, entries = self.watched[0], self.tape.entries
        first = max(0, self.at - budget)
        while self.at > first:
            self.at -= 1
            if watched.reads.touched_by(*entries[self.at][:2]):
                self.tape.seek(self.at)
                new, old = watched.value, watched.look()
                watched.value = old
                if new != old:
                    return self.stop(self.at, "last", f"{watched.breakpoint.what} changed here: {old} -> {new}")
        if self.at:
            return None
        return Backward(self.traveller, 0).stop(self.start, "last", f"{watched.breakpoint.what} has not changed since #0")
