"""when: where the cursor is."""

from __future__ import annotations

from kvmdbg.session.motion import Backward
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


@command("when", group="motion", examples=("when",), recorded=False)
def when(s: Session) -> Text:
    """Say where the cursor stands, how long the tape is, and which action it is in."""
    at = s.tape.cursor
    mark = s.timeline.mark_at(at)
    action = f", in {mark.text} (#{mark.start} .. #{mark.end})" if mark is not None else ""
    return Text(f"#{at} of {s.tape.end}{action}\n{Backward(s, at).describe(at)}")
