"""What the session adds to expressions."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.names import matches
from kvmdbg.session.session import Session
from session_support import L2, say, session


def value(s: Session, text: str) -> object:
    return expr.evaluate(text, s.scope())


def test_counting_ends_at_the_cursor() -> None:
    s = session(*L2)
    all_of_them = value(s, 'count("flush")')
    s.execute("bookmark here")
    s.execute("goto start")
    assert value(s, 'count("flush")') == 0
    s.execute("goto end")
    assert value(s, 'count("flush")') == all_of_them != 0
    assert value(s, 'count("flush", "here")') == 0 == value(s, f'count("flush", {s.tape.end})')


def test_counting_with_a_condition_and_a_vcpu() -> None:
    s = session(*L2)
    assert value(s, 'count("flush:invvpid if vpid == 2")') == 1
    assert value(s, 'count("flush vcpu 0")') == value(s, 'count("flush")')
    assert value(s, 'first("flush")') == matches(s, "flush")[0] and value(s, 'last("nested-exit")') == -1


def test_dropped_sums_what_flushes_removed() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000")
    cached = value(s, "tlb.count")
    assert value(s, "dropped()") == 0
    s.execute("inject mov cr3, 0x1000")
    assert value(s, 'dropped("flush")') != 0 or cached == value(s, "tlb.count")


def test_the_last_stop() -> None:
    s = session()
    assert value(s, "stop.reason") == ""
    say(s, "break vmentry", "continue")
    assert (value(s, "stop.reason"), value(s, "stop.breakpoint"), value(s, "stop.position")) == ("breakpoint", 1, s.tape.cursor)


def test_mistakes() -> None:
    s = session()
    for text in ("count(5)", 'count("flush", "nowhere")', 'count("flsh")', 'count("flush", -1)'):
        with pytest.raises(UserError):
            value(s, text)
