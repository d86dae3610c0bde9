"""source and define."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kvmdbg.errors import ExpectationFailed, ScriptError, UserError
from session_support import say, session


def files(**texts: str) -> Callable[[str], str]:
    def read(name: str) -> str:
        if name not in texts:
            raise UserError(f"{name}: no such file")
        return texts[name]
    return read


def test_lines_of_a_file_run_as_if_typed_and_are_recorded_one_by_one() -> None:
    s = session(read_file=files(a="stepi 2 # two\nprint position"))
    assert say(s, "source a").endswith("$1 = 2") and s.words == ["stepi 2", "print position"]


def test_an_error_has_its_place_and_keeps_what_was_done() -> None:
    s = session(read_file=files(a="stepi\nfoo\nstepi", b="source a"))
    with pytest.raises(ScriptError, match=r'^a:2: Undefined command: "foo"'):
        s.execute("source b")
    assert s.tape.cursor == 1 and s.depth == 0


def test_a_failing_expectation_fails_the_line_but_not_the_file() -> None:
    s = session(read_file=files(a="expect 1 == 2\nstepi"))
    with pytest.raises(ScriptError) as wrong:
        s.execute("source a")
    assert isinstance(wrong.value.cause, ExpectationFailed) and s.tape.cursor == 1


def test_files_that_cannot_be_read_or_read_themselves() -> None:
    s = session(read_file=files(a="source a"))
    for name in ("a", "none"):
        with pytest.raises(UserError):
            s.execute(f"source {name}")
    assert s.depth == 0


def test_define_refuses_words_of_the_debugger() -> None:
    for name in ("step", "s", "5x"):
        s = session(f"define {name}", "stepi")
        with pytest.raises(UserError):
            s.execute("end")
        assert not s.defined
