"""record."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_shown_or_written(tmp_path: Path) -> None:
    s = session("poke 0x5000 1", "help", "info vcpus", "print 5", "stepi")
    shown = say(s, "record")
    assert shown.splitlines()[1:-1] == ["kernel v4.4", "poke 0x5000 1", "print 5", "stepi"]
    path = tmp_path / "a.kvmdbg"
    assert say(s, f"record {path}") == f"{len(shown.splitlines())} lines written to {path}"
    assert path.read_text() == shown + "\n"
    assert session(f"source {path}").tape.digest() == s.tape.digest()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        session().execute(f"record {tmp_path}/none/a")


def test_blocks_are_recorded_whole() -> None:
    s = session("break flush", "commands 1", "print 1", "end", "program", "nop", "end")
    assert s.words == ["break flush", "commands 1\n  print 1\nend", "program\n  nop\nend"]
    assert session(*s.record().splitlines()).words[:3] == s.words
