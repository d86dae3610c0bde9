"""context."""

from __future__ import annotations

from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Many
from session_support import L2, say, session


def test_it_shows_where_one_stands_the_source_and_the_reports() -> None:
    s = session(*L2, "last flush")
    result = s.execute("context")
    assert isinstance(result, Many)
    titles = [part.title for part in result.parts if isinstance(part, Grid)]
    assert len(titles) == 6 and "=>" in say(s, "ctx")


def test_without_source_it_says_so() -> None:
    assert "No source here" in say(session("poke 0x5000 1", "goto start", listening=False), "context")
