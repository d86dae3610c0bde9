"""continue, reverse-continue, run: to the next breakpoint."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("continue", group="motion", aliases=("c", "fg"), examples=("continue", "continue 3"), repeatable=True)
def continue_(s: Session, count: Count = 1) -> Journey:
    """Go on to the next breakpoint or watchpoint, along the tape and then by running the current vCPU.

    It ends where the guest waits for an instruction, or the vCPU cannot run.  `continue N` goes past the breakpoint that
    stopped last N - 1 times more.
    """
    stop = s.last_stop
    if count > 1 and stop is not None and stop.breakpoint in s.breakpoints:
        s.breakpoints[stop.breakpoint or 0].ignore = count - 1
    return moves.forward(s, None, reason="continue")


@command("reverse-continue", group="motion", aliases=("rc", "g-"), examples=("reverse-continue",), repeatable=True)
def reverse_continue(s: Session) -> Journey:
    """Go back to the last breakpoint or watchpoint before the cursor, or to #0."""
    return moves.backward(s, lambda position: 0, reason="continue")


@command("run", group="motion", aliases=("r", "start"), examples=("run",))
def run(s: Session) -> Journey:
    """Go back to #0, and continue from there: the same things happen again."""
    s.tape.seek(0)
    s.timeline.seen = -1
    return moves.forward(s, None, reason="continue")
