"""What a session consists of."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Listing, Quit, Stop, Text, Value
from kvmdbg.session.state import read_text, spoken, write_text
from session_support import L2, say, session


def test_it_begins_at_zero_with_nothing_said() -> None:
    s = session()
    assert (s.tape.cursor, s.kernel, s.current_vcpu, s.words, s.machine_words()) == (0, "v4.4", 0, [], "")


def test_a_machine_that_cannot_be_leaves_the_session_as_it_was() -> None:
    s = session()
    before = s.kvm
    with pytest.raises(UserError):
        s.execute("machine vcpus=9")
    assert s.kvm is before


def test_a_recording_replays_to_the_same_digest() -> None:
    s = session("machine tlb_capacity=8", "map L1 0x400000 0x5000", "break flush", *(["continue"] * 6), "delete", "c",
                "inject load 0x400000", "undo", "redo", "rs", "goto end", "program", "nop", "cpuid", "end", "insn", "bookmark x",
                "rc")
    text = s.record()
    again = session()
    assert again.run_script("r", text).failures == ()
    assert (again.tape.cursor, again.tape.digest(), again.record()) == (s.tape.cursor, s.tape.digest(),
                                                                      text.removesuffix("\n") + "\n" + text.splitlines()[-1] + "\n")


def test_a_recording_on_another_kernel_checks_no_digest() -> None:
    text = session(*L2).record()
    assert session(kernel="v4.3", kernel_wins=True).run_script("r", text).failures == ()


def test_the_log_keeps_lines_and_errors() -> None:
    s = session()
    s.say("print 1", s.execute("print 1"))
    s.say("foo", UserError("no", "yes?"))
    s.say("bar", ModelBug("bad"))
    assert [(line.text, line.style) for line in s.log] == [
        ("print 1", "typed"), ("$1 = 1", "said"), ("foo", "typed"), ("no  yes?", "error"), ("bar", "typed"),
        ("kvmdbg is wrong: bad", "error")]


def test_every_result_can_be_spoken() -> None:
    assert spoken(Text("a", "narration")) == ("a", "narration")
    assert spoken(Stop(1, "step", "#1", displays=(Value("1: x = 1", 1),))) == ("#1\n1: x = 1", "said")
    assert spoken(Grid("T", (), ())) == ("T: 0 rows", "said")
    assert spoken(Listing("f.py", "f", ()))[0] == "f () in f.py"
    assert spoken(Quit()) == ("", "said")


def test_change_marks_count_from_where_a_motion_began() -> None:
    s = session("stepi 3", "stepi 2")
    assert (s.stop_position_before, s.tape.cursor) == (3, 5)
    say(s, "goto start")
    assert s.stop_position_before == 5


def test_files(tmp_path: Path) -> None:
    write_text(str(tmp_path / "a"), "x\n")
    assert read_text(str(tmp_path / "a")) == "x\n"
    for bad in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError):
            read_text(str(bad))
    with pytest.raises(UserError):
        write_text(str(tmp_path), "x")
