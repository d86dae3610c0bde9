"""Where names are looked up."""

from __future__ import annotations

from kvmdbg.session.scope import DOLLAR
from session_support import session


def test_the_value_history() -> None:
    scope = session("print 10", "print 20", "print 30").scope()
    assert [scope.lookup(DOLLAR + name) for name in ("", "0_", "0_1", "0_2", "1", "3")] == [30, 20, 20, 10, 10, 30]


def test_a_variable_may_have_any_name() -> None:
    scope = session("set $s = 5", "set $s1 = 6").scope()
    assert (scope.lookup(DOLLAR + "s"), scope.lookup(DOLLAR + "s1")) == (5, 6)


def test_an_empty_history_and_an_unset_variable_are_nothing() -> None:
    scope = session().scope()
    assert scope.lookup(DOLLAR) is None and scope.lookup(DOLLAR + "x") is None


def test_every_known_name_can_be_looked_up_or_called() -> None:
    scope = session("stepi 20").scope()
    for name in scope.known():
        if name not in scope.calls:
            scope.lookup(name)
