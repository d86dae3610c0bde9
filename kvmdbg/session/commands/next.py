"""next, nexti and their reverse forms: over the functions that are called."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("next", group="motion", aliases=("n",), examples=("next", "next 3"), repeatable=True)
def next_line(s: Session, count: Count = 1) -> Journey:
    """Go on to another line of the model, over the functions that are called from this one.

    Breakpoints inside them still stop.
    """
    return moves.forward(s, lambda start: moves.lines(s).next(start), count)


@command("reverse-next", group="motion", aliases=("rn", "p-"), examples=("reverse-next", "rn 3"), repeatable=True)
def reverse_next(s: Session, count: Count = 1) -> Journey:
    """Go back to the line before, over the functions that it called."""
    return moves.backward(s, lambda position: moves.lines(s).next_back(position), count)


@command("nexti", group="motion", aliases=("ni",), examples=("nexti",), repeatable=True)
def nexti(s: Session, count: Count = 1) -> Journey:
    """Go over one entry of the tape, and over those made in functions that are called from this one."""
    return moves.forward(s, lambda start: moves.lines(s).nexti(start), count)


@command("reverse-nexti", group="motion", aliases=("rni",), examples=("reverse-nexti",), repeatable=True)
def reverse_nexti(s: Session, count: Count = 1) -> Journey:
    """Go back over one entry of the tape, and over those made in functions that were called from this one."""
    return moves.backward(s, lambda position: moves.lines(s).nexti_back(position), count)
