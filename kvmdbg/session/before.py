"""Where a session stood when a command began: to go back to when it fails."""

from __future__ import annotations

from dataclasses import dataclass

from kvmdbg.session.state import State
from kvmdbg.session.timeline import Timeline, Undone


@dataclass(slots=True)
class Before:
    """A place on a timeline, with the edits made and undone so far."""

    timeline: Timeline
    cursor: int
    edits: int
    undone: list[Undone]
    vcpu: int

    @classmethod
    def of(cls, state: State) -> Before:
        timeline = state.timeline
        return cls(timeline, timeline.tape.cursor, len(timeline.edits), list(timeline.undone), state.current_vcpu)

    def put_back(self, state: State) -> None:
        """Stand there again; edits made since are gone, actions run since stay ahead on the tape, where they do no harm."""
        timeline = self.timeline
        state.timeline, state.kvm = timeline, timeline.kvm
        while len(timeline.edits) > self.edits:
            timeline.give_up_edit()
            timeline.undone[:] = self.undone
        timeline.tape.seek(min(self.cursor, timeline.tape.end))
        state.current_vcpu = self.vcpu
