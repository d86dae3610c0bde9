"""The source pane: `list` and `backtrace` in one."""

from __future__ import annotations

from pathlib import Path

from kvmdbg.ui.panes.source import nothing, short, source
from session_support import say, session


def test_the_line_that_runs_next_and_the_path_to_it() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000")
    say(s, "goto start", "until flush")
    view = source(s)
    assert Path(view.file).name in view.title and dict(view.marks)[view.line] == "=>"
    assert view.path[-1] in Path(view.file).read_text() and len(view.path) > 2


def test_a_breakpoint_that_stopped_here_is_marked() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000", "goto start", "break flush", "continue")
    view = source(s)
    assert dict(view.marks)[view.line] == "B=>"


def test_an_outer_frame_that_was_selected() -> None:
    s = session("map L1 0x400000 0x400000", "inject load 0x400000", "goto start", "until flush")
    inner = source(s)
    say(s, "up")
    outer = source(s)
    assert outer.path == inner.path[:-1] and dict(outer.marks)[outer.line] == ">"


def test_at_the_end_of_the_tape_it_shows_the_action_to_come() -> None:
    view = source(session("map L1 0x400000 0x400000", "inject load 0x400000"))
    assert view.title.startswith("next: ") and dict(view.marks)[view.line] == "=>"


def test_where_nobody_was_called_it_says_why() -> None:
    s = session("map L1 0x400000 0x400000", "goto start", listening=False)
    assert source(s) == nothing(source(s).note) and source(s).note


def test_files_are_named_as_the_model_names_them() -> None:
    assert short("/x/kvmdbg/machine/kvm/vmx.py") == "kvm/vmx.py"
    assert short("/elsewhere/file.py") == "file.py"
