"""print."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_values_enter_the_history() -> None:
    s = session()
    assert say(s, "print 1 + 1") == "$1 = 2"
    assert say(s, "p/x $ * 8") == "$2 = 0x10"
    assert say(s, "p $1 + $$ + $") == "$3 = 20"
    assert say(s, "print") == "$4 = 20"
    assert s.history == [2, 16, 20, 20]


def test_requests_print_as_names_and_as_numbers() -> None:
    s = session("stepi 5")
    assert say(s, "print vcpu0.requests") == "$1 = TLB_FLUSH"
    assert say(s, "print/t vcpu0.requests & TLB_FLUSH").startswith("$2 = 1")


def test_an_empty_history() -> None:
    with pytest.raises(UserError, match="history is empty"):
        session().execute("print")
