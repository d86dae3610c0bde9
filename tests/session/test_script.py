"""Scripts: lines, comments, blocks, failures."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ScriptError
from kvmdbg.session.script import Line, Unfinished, lines, run, without_comment, written
from session_support import session, text


@pytest.mark.parametrize(("line", "said"), [
    ("# all", ""), ("  # all", ""), ("#all", ""), ("step # and more", "step"), ("goto #41", "goto #41"),
    ('echo "a # b"', 'echo "a # b"'),
    ("step #", "step"), ("  step  ", "step"), ("", ""), ("expect 1 # x", "expect 1")])
def test_comments(line: str, said: str) -> None:
    assert without_comment(line) == said


def test_lines_keep_their_numbers() -> None:
    assert list(lines("a\n\n# b\n  c")) == [Line(1, "a"), Line(4, "c")]


def test_a_failing_expectation_is_kept_and_the_script_goes_on() -> None:
    s, told = session(), []
    ran = run(s, "x.kvmdbg", "expect 1 == 2\nexpect level == 1\nexpect vcpu.vpid == 7\nstepi", failed=told.append)
    assert [str(one) for one in ran.failures] == ["x.kvmdbg:1: expected 1 == 2: it is false",
                                                  "x.kvmdbg:3: expected vcpu.vpid == 7: vcpu.vpid is 1"]
    assert told == list(ran.failures) and s.tape.cursor == 1


@pytest.mark.parametrize(("script", "place"), [
    ("stepi\nfoo", "x:2: Undefined command"), ("stepi\n\ngoto 999", "x:3: #999 is not on the tape"),
    ("\ncommands", "x:2: 'commands' has no `end`"),
    ("break flush\ncommands 7\nend", "x:3: No breakpoint number 7."),
    ("program\n nop\n nopp\nend", "x:4: there is no instruction 'nopp'")])
def test_an_error_has_its_place_and_ends_the_script(script: str, place: str) -> None:
    s = session()
    with pytest.raises(ScriptError) as wrong:
        run(s, "x", script)
    assert str(wrong.value).startswith(place) and not s.open_block


def test_a_half_written_file_is_told_from_other_errors() -> None:
    with pytest.raises(ScriptError) as wrong:
        run(session(), "x", "define a\nstepi")
    assert isinstance(wrong.value.cause, Unfinished)


def test_quit_ends_it_with_its_code() -> None:
    s, seen = session(), []
    ran = run(s, "x", "stepi\nquit 3\nstepi", lambda line, result: seen.append(line.text))
    assert ran.code == 3 and s.tape.cursor == 1 and seen == ["stepi", "quit 3"]


def test_results_are_told_line_by_line() -> None:
    said: list[str] = []
    run(session(), "x", "print 1\nprint 2", lambda line, result: said.append(text(result)))
    assert said == ["$1 = 1", "$2 = 2"]


def test_a_session_as_a_script() -> None:
    assert written("v4.4", "enable_vpid=0", "load state a", ["stepi", "rsi"], "ab", 0).splitlines() == [
        "# A session of kvmdbg, at #0.", "kernel v4.4", "machine enable_vpid=0", "load state a",
        "stepi", "rsi", 'expect on v4.4: digest == "ab"']
