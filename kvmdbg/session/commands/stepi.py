"""stepi, reverse-stepi: one entry of the tape."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("stepi", group="motion", aliases=("si",), examples=("stepi", "stepi 5"), repeatable=True)
def stepi(s: Session, count: Count = 1) -> Journey:
    """Go over one entry of the tape: one write, or one event.

    It is the smallest step there is.  At the end of the tape the next action of the current vCPU is run first.
    """
    return moves.forward(s, moves.one_entry, count)


@command("reverse-stepi", group="motion", aliases=("rsi",), examples=("reverse-stepi", "rsi 5"), repeatable=True)
def reverse_stepi(s: Session, count: Count = 1) -> Journey:
    """Go back over one entry of the tape."""
    return moves.backward(s, lambda position: position - 1, count)
