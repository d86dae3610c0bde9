"""finish, reverse-finish: out of the function."""

from __future__ import annotations

from kvmdbg.session import moves
from kvmdbg.session.journey import Journey
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session


@command("finish", group="motion", aliases=("fin",), examples=("finish",))
def finish(s: Session) -> Journey:
    """Go on until the selected frame's function has returned; from the outermost one, to the end of the action.

    `up` first, to leave several functions at once.
    """
    depth = moves.depth_of(s)
    return moves.forward(s, lambda start: moves.lines(s).finish(start, depth))


@command("reverse-finish", group="motion", aliases=("rf", "rfin"), examples=("reverse-finish",))
def reverse_finish(s: Session) -> Journey:
    """Go back to where the selected frame's function began; from there to where the one around it began."""
    depth = moves.depth_of(s)
    return moves.backward(s, lambda position: moves.lines(s).finish_back(position, depth))
