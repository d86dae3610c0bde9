"""Going back to where a command began."""

from __future__ import annotations

from kvmdbg.session.before import Before
from session_support import say, session


def test_edits_made_since_are_gone_and_what_was_undone_can_be_redone() -> None:
    s = session("poke 0x5000 1", "poke 0x5000 2", "undo")
    before, digest, end = Before.of(s), s.tape.digest(), s.tape.end
    say(s, "poke 0x7000 3", "inject nop")
    before.put_back(s)
    assert (s.tape.digest(), s.tape.cursor, s.tape.end, len(s.timeline.edits)) == (digest, end, end, 1)
    say(s, "redo")
    assert len(s.timeline.edits) == 2


def test_another_machine_is_left_again() -> None:
    s = session("stepi 3")
    before, kvm = Before.of(s), s.kvm
    s.begin("v6.12", kvm.config, s.caps)
    before.put_back(s)
    assert s.kvm is kvm and s.tape.cursor == 3
