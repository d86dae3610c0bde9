"""Opening a face: what is played first, and what happens without a terminal."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from kvmdbg.ui.files import read_text
from kvmdbg.ui.interactive import TOUR, opened
from kvmdbg.ui.run import new_session


def options(file: str | None = None, *commands: str, kernel: str | None = None) -> Namespace:
    return Namespace(file=file, ex=list(commands), kernel=kernel)


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "a.kvmdbg"
    path.write_text(text)
    return str(path)


def test_file_then_commands_are_played_and_logged(tmp_path: Path) -> None:
    session = Session()
    assert opened(session, options(script(tmp_path, "inject cpuid\necho hello\n"), "set $x = 1")) == []
    assert session.tape.end > 0 and session.variables["x"] == 1
    assert [line.text for line in session.log if line.style == "typed"] == ["inject cpuid", "set $x = 1"]
    assert "hello" in [line.text for line in session.log]


def test_what_fails_is_told_and_the_session_goes_on_from_there(tmp_path: Path) -> None:
    session = Session()
    path = script(tmp_path, "expect 1 == 2\ninject cpuid\nnosuch\ninject hlt\n")
    failures = [str(failure) for failure in opened(session, options(path))]
    assert [text.partition(": ")[0] for text in failures] == [f"{path}:1", f"{path}:3"]
    assert session.kvm.vcpus[0].mp_state == "RUNNABLE"


def test_a_file_that_cannot_be_read_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        opened(Session(), options(str(tmp_path / "x")))


def test_the_results_can_be_shown_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened(Session(), options(script(tmp_path, "print 3\n")), show=True)
    assert capsys.readouterr().out == "$1 = 3\n"


def test_the_tour_plays_without_an_error_and_ends_before_a_flush() -> None:
    session = new_session(None, interactive=True)
    assert opened(session, options(), default=str(TOUR)) == []
    assert session.kernel == "v4.4"
    assert session.last_stop is not None and session.last_stop.reason == "breakpoint"
    event = session.tape.event(session.tape.cursor)
    assert (event.by, event.vpid, len(event.dropped)) == ("invvpid", session.kvm.vcpus[0].vpid02, 1)


@pytest.mark.parametrize("kernel", ["v4.3", "v6.12"])
def test_the_tour_can_be_opened_on_another_kernel(kernel: str) -> None:
    session = new_session(kernel, interactive=True)
    assert opened(session, options(kernel=kernel), default=str(TOUR)) == []
    assert session.kernel == kernel


def test_what_the_tour_proposes_works() -> None:
    session = new_session(None, interactive=True)
    opened(session, options(), default=str(TOUR))
    for line in ("s", "reverse-step", "bt", "info flushes", "c", "inject load 0x800000", "kernel v4.3", "help"):
        session.execute(line)
    assert read_text(str(TOUR)).count("echo ") == 4
