"""quit."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.results import Quit
from session_support import session


def test_it_carries_a_code() -> None:
    assert session().execute("quit") == Quit(0) and session().execute("q 7") == Quit(7)
    with pytest.raises(UserError):
        session().execute("quit now")
