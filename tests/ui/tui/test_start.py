"""Starting: where the program opens, and what terminal it needs."""

from __future__ import annotations

from kvmdbg.ui.tui.start import open_at_start, why_not
from tui_support import session_of


def test_opening_stands_at_the_start_unless_an_expectation_failed() -> None:
    session = session_of("map L1 0x400000 0x400000", "inject load 0x400000", at_start=False)
    open_at_start(session)
    assert session.tape.cursor == 0 and session.tape.end > 0 and session.stop_position_before == 0
    failed = session_of(at_start=False)
    failed.run_script("x", "map L1 0x400000 0x400000\nexpect 1 == 2\n")
    open_at_start(failed)
    assert failed.tape.cursor == failed.tape.end > 0


def test_opening_stays_where_the_script_stopped_on_purpose() -> None:
    session = session_of("inject cpuid", "goto #5", at_start=False)
    open_at_start(session)
    assert session.tape.cursor == 5


def test_why_not_names_what_is_missing() -> None:
    assert why_not()       # under a test runner at least one stream is no terminal
