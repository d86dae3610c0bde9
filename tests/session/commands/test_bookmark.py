"""bookmark."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import cell, say, session


def test_names_for_positions() -> None:
    s = session("stepi 4")
    assert say(s, "mark before-flush") == "Bookmark before-flush at #4"
    say(s, "stepi", "bookmark later", "goto before-flush")
    assert s.tape.cursor == 4 and cell(s, "bookmark", "name") == ("before-flush", "later")


def test_one_that_was_cut_off_says_so() -> None:
    s = session("stepi 9", "bookmark far", "goto start", "poke 0x5000 1")
    assert cell(s, "bookmark", "before") == ("cut off",)
    with pytest.raises(UserError, match="is not on the tape"):
        s.execute("goto far")


@pytest.mark.parametrize("name", ["5", "start", "end", "a b", "#1"])
def test_names_that_mean_something_else(name: str) -> None:
    with pytest.raises(UserError):
        session().execute(f"bookmark {name}")


def test_none_yet() -> None:
    assert say(session(), "bookmark") == "No bookmarks."
