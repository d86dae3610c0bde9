"""whatif, by its words."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from session.reruns import two_spaces
from session_support import say


def test_its_three_questions_and_that_the_session_stays() -> None:
    s = two_spaces()
    before = s.tape.digest(), s.tape.cursor, s.tape.end, list(s.words), s.kernel
    assert "yes" in say(s, "whatif skip-each")
    assert "yes" in say(s, "whatif skip-each again..end") and "yes" not in say(s, "whatif skip-each start..again")
    assert "flush invvpid" in say(s, "whatif kernel v4.4")
    assert (s.tape.digest(), s.tape.cursor, s.tape.end, s.words, s.kernel) == before
    say(s, "goto again")
    assert "Left out: #" in say(s, "whatif skip")


@pytest.mark.parametrize(("line", "message"), [("whatif", "missing"), ("whatif kernel", "which kernel"),
                                               ("whatif kernel v9", "v9"), ("whatif skip 3", "nothing more"),
                                               ("whatif skip-each end..start", "empty"), ("whatif skip-each x..y", "no position")])
def test_wrong_words(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        two_spaces().execute(line)


def test_it_is_completed() -> None:
    s = Session("v6.12")
    assert {"skip", "skip-each", "kernel"} <= {one.text for one in s.completions("whatif ")}
    assert "v4.4" in {one.text for one in s.completions("whatif kernel v")}
