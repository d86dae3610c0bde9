"""Marks, edits, undo and redo, places."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.machine.kvm.tables import poke
from session_support import L2, say, session


def test_marks_cover_the_tape_without_gaps() -> None:
    s = session(*L2)
    marks = s.timeline.marks
    assert marks[0].start == 0 and marks[-1].end == s.tape.end
    assert all(one.end == other.start for one, other in zip(marks, marks[1:], strict=False))
    assert [mark.text for mark in marks if mark.edit][:2] == ["poke 0x3000 0x11e57ed0", "inject vmxon 0x3000"]


def test_mark_at_and_borders() -> None:
    s = session("stepi")
    mark = s.timeline.marks[0]
    assert s.timeline.mark_at(0) == s.timeline.mark_at(mark.end - 1) == mark
    assert s.timeline.mark_at(s.tape.end) is None
    assert s.timeline.at_border(0) and s.timeline.at_border(mark.end) and not s.timeline.at_border(1)
    assert s.timeline.marks_between(0, mark.end) == [mark]


def test_an_edit_in_the_middle_of_an_action_names_the_ways_out() -> None:
    s = session("stepi")
    end = s.timeline.marks[0].end
    with pytest.raises(UserError) as wrong:
        s.execute("poke 0x5000 1")
    assert str(wrong.value) == (f'cannot poke at #1, in the middle of vcpu0 vcpu_load  '
                                f'Go out with "finish" (it ends at #{end}) or "reverse-finish" (it began at #0).')
    assert s.tape.cursor == 1


def test_undo_and_redo_restore_digests_exactly() -> None:
    s = session("inject nop")
    before, at = s.tape.digest(), s.tape.cursor
    say(s, "poke 0x5000 1", "inject cpuid")
    after, end = s.tape.digest(), s.tape.cursor
    say(s, "undo")
    say(s, "undo")
    assert (s.tape.digest(), s.tape.cursor, s.tape.end) == (before, at, at)
    say(s, "redo 2")
    assert (s.tape.digest(), s.tape.cursor, s.tape.end) == (after, end, end)


def test_an_edit_in_the_past_cuts_the_future_off_and_undo_brings_it_back() -> None:
    s = session("inject nop", "bookmark here", "inject cpuid", "inject nop")
    end, digest, marks = s.tape.end, s.tape.digest(), list(s.timeline.marks)
    say(s, "goto here", "poke 0x5000 7")
    other = s.tape.digest()
    assert s.tape.end < end
    say(s, "undo")
    assert s.tape.cursor == s.timeline.bookmarks["here"] and s.tape.end == end and s.timeline.marks == marks
    say(s, "goto end")
    assert s.tape.digest() == digest
    say(s, "redo")
    assert s.tape.digest() == other


def test_redo_keeps_what_was_run_in_between() -> None:
    s = session("poke 0x5000 1", "undo", "stepi 3")
    say(s, "redo", "undo", "goto end")
    assert s.timeline.marks[0].name == "vcpu_load"


def test_a_new_edit_ends_redo() -> None:
    s = session("poke 0x5000 1", "undo", "poke 0x5000 2")
    with pytest.raises(UserError, match="nothing to redo"):
        s.execute("redo")


def test_nothing_to_undo() -> None:
    with pytest.raises(UserError, match="nothing to undo"):
        session("stepi").execute("undo")


def test_an_edit_that_fails_or_changes_nothing_leaves_no_trace() -> None:
    s = session("inject nop", "bookmark here", "inject nop", "goto here")
    marks, end = list(s.timeline.marks), s.tape.end

    def fails() -> None:
        poke(s.kvm, s.kvm.vcpus[0], 0x5000, 1)
        raise Unsupported("no")

    with pytest.raises(Unsupported):
        s.timeline.edit("poke", "poke", fails)
    assert not s.timeline.edit("poke", "poke", lambda: None)
    assert (s.timeline.marks, s.tape.end, s.tape.cursor) == (marks, end, s.timeline.bookmarks["here"])
    assert not s.timeline.edits[2:]


def test_give_up_edit_forgets_it() -> None:
    s = session("poke 0x5000 1")
    s.timeline.give_up_edit()
    assert s.tape.end == 0 and not s.timeline.edits and not s.timeline.undone and not s.timeline.marks


def test_places() -> None:
    s = session("stepi 5", "bookmark five")
    place = s.timeline.place
    assert (place("#3"), place("3"), place("+1"), place("-2"), place("start"), place("end"), place("five")) == \
        (3, 3, 6, 3, 0, s.tape.end, 5)
    for text in ("nowhere", "#99999", "-6", "#", "+x"):
        with pytest.raises(UserError):
            place(text)


def test_the_index_of_events_follows_a_cut() -> None:
    s = session("inject nop")
    index = s.timeline.events
    entries = index.positions(VmEntered)
    assert entries and list(index.between(VmEntered, entries[0] + 1, s.tape.end)) == entries[1:]
    say(s, "goto start", "poke 0x5000 1")
    assert index.positions(VmEntered) == []


def test_a_vcpu_that_cannot_run_is_told_by_run() -> None:
    s = session("inject nop")
    assert not s.timeline.run(0)
