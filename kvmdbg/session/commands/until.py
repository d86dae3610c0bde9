"""until (advance): on to the next event or function, whatever else there is on the way; and gdb users' shorthands for it."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Location, Words
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("until", group="motion", aliases=("u", "advance", "adv", "stepuntil"),
         examples=("until vmentry", "until flush:single-context", "until vmx_flush_tlb_current", "until req:TLB_FLUSH raised"))
def until(s: Session, where: Location) -> Journey:
    """Go on until an event is about to happen, or a function of the model has just been entered.

    Takes what `break` takes, and leaves no breakpoint behind.  Breakpoints on the way still stop.
    """
    return moves.forward(s, moves.until(s, where), reason="until", here=True)


@command("reverse-until", group="motion", aliases=("reverse-advance", "ru"), examples=("reverse-until vmexit",))
def reverse_until(s: Session, where: Location) -> Journey:
    """Go back to the last such event before the cursor."""
    return moves.backward(s, moves.until_back(s, where), reason="until")


@command("nextflush", group="motion", aliases=(), examples=("nextflush",), repeatable=True)
def nextflush(s: Session, qualifier: Words = "") -> Journey:
    """Go on to the next flush: `until flush`."""
    return moves.forward(s, moves.until(s, f"flush {qualifier}"), reason="until", here=True)


@command("nextexit", group="motion", examples=("nextexit", "nextexit INVVPID"), repeatable=True)
def nextexit(s: Session, qualifier: Words = "") -> Journey:
    """Go on to the next VM exit: `until vmexit`."""
    return moves.forward(s, moves.until(s, f"vmexit {qualifier}"), reason="until", here=True)


@command("nextentry", group="motion", examples=("nextentry",), repeatable=True)
def nextentry(s: Session) -> Journey:
    """Go on to the next VM entry: `until vmentry`."""
    return moves.forward(s, moves.until(s, "vmentry"), reason="until", here=True)
