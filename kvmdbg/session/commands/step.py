"""step, reverse-step: one line of the model."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("step", group="motion", aliases=("s",), examples=("step", "step 3"), repeatable=True)
def step(s: Session, count: Count = 1) -> Journey:
    """Go on to another line of the model that leaves something on the tape, into the functions that it calls.

    The line that is about to run is shown by `list` with `=>`; what it will do is the entry that the stop names.
    """
    return moves.forward(s, lambda start: moves.lines(s).step(start), count)


@command("reverse-step", group="motion", aliases=("rs", "t-"), examples=("reverse-step", "rs 3"), repeatable=True)
def reverse_step(s: Session, count: Count = 1) -> Journey:
    """Go back to the beginning of the line; from there to the line before."""
    return moves.backward(s, lambda position: moves.lines(s).step_back(position), count)
