"""undo, redo: taking changes of the machine back."""

from __future__ import annotations

from kvmdbg.session.motion import Backward
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import command
from kvmdbg.session.results import Stop
from kvmdbg.session.session import Session


def stand(s: Session, start: int, said: str) -> Stop:
    stop = Backward(s, s.tape.cursor).stop(s.tape.cursor, "undo", said)
    return s.note_stop(stop, min(start, s.tape.end))


@command("undo", group="session", examples=("undo", "undo 2"))
def undo(s: Session, count: Count = 1) -> Stop:
    """Take back the last inject, program, map, pte or poke, with all that followed it; what it had cut off is back."""
    start = s.tape.cursor
    said = [s.timeline.undo()]
    while len(said) < count and s.timeline.edits:
        said.append(s.timeline.undo())
    return stand(s, start, f"Undone: {', '.join(said)}.")


@command("redo", group="session", examples=("redo",))
def redo(s: Session, count: Count = 1) -> Stop:
    """Bring back what `undo` took back."""
    start = s.tape.cursor
    said = [s.timeline.redo()]
    while len(said) < count and s.timeline.undone:
        said.append(s.timeline.redo())
    return stand(s, start, f"Redone: {', '.join(said)}.")
