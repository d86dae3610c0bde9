"""repeat, init-if-undefined."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_lines_several_times_with_a_number() -> None:
    s = session("repeat 3 turn", "poke {0x8000+$turn*8} $turn+1", "end")
    assert len(s.timeline.edits) == 3
    assert s.words == ["poke 0x8000 0+1", "poke 0x8008 1+1", "poke 0x8010 2+1"]


def test_inside_one_another_and_in_words_of_ones_own() -> None:
    s = session("define pokes", "repeat $arg0 a", "repeat 2 b", "poke {0x8000+$a*16+$b*8} 1", "end", "end", "end", "pokes 2")
    assert s.words[-4:] == [f"poke {0x8000 + at * 8:#x} 1" for at in range(4)]


def test_never_and_how_often_a_variable_says() -> None:
    s = session("set $n = 2", "repeat 0", "nonsense", "end", "repeat $n", "poke 0x8000 position+1", "end")
    assert len(s.timeline.edits) == 2


@pytest.mark.parametrize(("lines", "message"), [
    (("repeat 1000000", "end"), "too often"), (("repeat -1", "end"), "too often"), (("repeat 2 1x", "end"), "cannot be a name"),
    (("repeat 1", "poke {level==1} 1", "end"), "is no number"), (("repeat 1", "poke {nonsense} 1", "end"), "No symbol"),
    (("repeat x", "end"), "No symbol"), (("init-if-undefined n = 1",), "no assignment")])
def test_mistakes(lines: tuple[str, ...], message: str) -> None:
    s = session()
    with pytest.raises(UserError, match=message):
        say(s, *lines)
    assert not s.tape.end


def test_a_variable_keeps_the_value_that_it_has() -> None:
    s = session("set $n = 2", "init-if-undefined $n = 3", "init-if-undefined $m = $n+2")
    assert (s.variables["n"], s.variables["m"]) == (2, 4)
