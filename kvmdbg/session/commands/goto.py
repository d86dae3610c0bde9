"""goto: straight to a position."""

from __future__ import annotations

from kvmdbg.session.motion import Backward
from kvmdbg.session.operands import Position
from kvmdbg.session.parse import command
from kvmdbg.session.results import Result
from kvmdbg.session.session import Session


@command("goto", group="motion", aliases=("ugo", "restart"),
         examples=("goto #12", "goto start", "goto end", "goto -5", "goto before-flush"))
def goto(s: Session, position: Position) -> Result:
    """Go to a position of the tape or to a bookmark, forwards or backwards, without stopping on the way."""
    start = s.tape.cursor
    return s.note_stop(Backward(s, start).stop(position, "goto"), start)
