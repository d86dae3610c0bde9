"""stepi and reverse-stepi."""

from __future__ import annotations

from session_support import session, stop_of


def test_one_entry_forwards_and_back() -> None:
    s = session()
    assert [stop_of(s, "si").position for _ in range(3)] == [1, 2, 3]
    assert stop_of(s, "rsi 2").position == 1
    assert stop_of(s, "stepi 5").position == 6


def test_going_back_ends_at_the_start() -> None:
    s = session("stepi 2")
    stop = stop_of(s, "reverse-stepi 10")
    assert (stop.position, stop.reason) == (0, "start")


def test_back_and_forth_executes_nothing_again() -> None:
    s = session("stepi 9")
    end, digest = s.tape.end, s.tape.digest()
    for line in ("rsi 9", "si 9"):
        s.execute(line)
    assert (s.tape.end, s.tape.digest()) == (end, digest)
