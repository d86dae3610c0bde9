"""Lines on standard output and standard error."""

from __future__ import annotations

import pytest

from kvmdbg.ui.console import out, screen_width, tell


def test_nothing_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out("")
    out("one\ntwo")
    tell("three")
    assert capsys.readouterr() == ("one\ntwo\n", "three\n")


def test_a_pipe_has_no_width() -> None:
    assert screen_width() == 0
