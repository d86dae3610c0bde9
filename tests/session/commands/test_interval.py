"""interval."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_stretches_have_names() -> None:
    s = session("interval begin 2p/16K", "inject cpuid", "interval end", "interval begin other")
    assert [(one.name, one.start, one.stop >= 0) for one in s.timeline.intervals] == [("2p/16K", 0, True),
                                                                                   ("other", s.tape.cursor, False)]
    assert say(s, "interval").splitlines()[1] == f" | other | #{s.tape.cursor} | open"
    assert say(session(), "interval") == "No intervals."


@pytest.mark.parametrize(("lines", "message"), [
    (("interval end",), "no interval has begun"), (("interval begin",), "NAME is missing"),
    (("interval begin a", "interval begin b"), "a has not ended"), (("interval begin a", "interval end b"), "is a"),
    (("inject cpuid", "interval begin a", "goto start", "interval end"), "after this place"), (("interval middle",), "begin, end")])
def test_mistakes(lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        say(session(), *lines)
