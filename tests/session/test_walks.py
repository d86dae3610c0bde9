"""Random walks: whatever a person does, the tape tells the same story in both directions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from session_support import L2, session

MOTIONS = ("step", "reverse-step", "next", "reverse-next", "stepi 7", "reverse-stepi 5", "finish", "reverse-finish", "continue",
           "reverse-continue", "insn", "reverse-insn", "until flush", "reverse-until vmexit", "goto start", "goto end",
           "last vcpu.requests")
EDITS = ("inject cpuid", "inject load 0x400000", "inject mov cr3, 0x1000", "poke 0x9000 1", "poke 0x9000 2", "undo", "redo",
         "map L1 0x400000 0x5000", "pte L1 0x400000 0")
STOPS = ("break flush", "tbreak vmentry", "watch vcpu.requests", "watch tlb[vpid==1].count", "break kvm_make_request", "delete")


def consistent(s: Session) -> None:
    """Rewinding to #0 and coming back gives the same states; marks cover the tape."""
    cursor, digest = s.tape.cursor, s.tape.digest()
    s.tape.seek(0)
    assert s.tape.digest() == FIRST
    s.tape.seek(s.tape.end)
    s.tape.seek(cursor)
    assert s.tape.digest() == digest
    marks = s.timeline.marks
    assert [mark.start for mark in marks] == [0, *(mark.end for mark in marks[:-1])][:len(marks)]
    assert (marks[-1].end if marks else 0) == s.tape.end


FIRST = session().tape.digest()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MOTIONS + EDITS + STOPS), max_size=25))
def test_any_walk_is_consistent_and_replays_to_its_digest(lines: list[str]) -> None:
    s = session(*L2[:2])
    for line in lines:
        before = s.tape.cursor, s.tape.end
        try:
            s.execute(line)
        except UserError:
            assert s.tape.cursor == before[0]
        consistent(s)
    again = session()
    assert again.run_script("recorded", s.record()).failures == ()
    assert (again.tape.cursor, again.tape.digest()) == (s.tape.cursor, s.tape.digest())
