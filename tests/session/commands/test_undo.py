"""undo and redo."""

from __future__ import annotations

from session_support import say, session, stop_of


def test_they_say_what_they_took_back() -> None:
    s = session("poke 0x5000 1", "poke 0x5000 2")
    assert stop_of(s, "undo").text.startswith("Undone: poke 0x5000 0x2.")
    assert stop_of(s, "redo").text.startswith("Redone: poke 0x5000 0x2.")
    assert stop_of(s, "undo 5").text.startswith("Undone: poke 0x5000 0x2, poke 0x5000 0x1.")
    assert s.tape.cursor == 0 and stop_of(s, "redo 2").position == s.tape.end


def test_breakpoints_see_the_tape_that_came_back() -> None:
    s = session("break write", "poke 0x5000 1", "goto start", "undo")
    assert say(s, "continue").endswith("waits for an instruction (`inject`)")
    say(s, "redo", "goto start")
    assert stop_of(s, "run").reason in ("breakpoint", "waiting")
