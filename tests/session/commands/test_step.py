"""step and reverse-step."""

from __future__ import annotations

from session_support import L2, session, stop_of


def test_step_stops_on_another_line_each_time() -> None:
    s = session()
    wheres = [stop_of(s, "step").where for _ in range(12)]
    assert all(one != other for one, other in zip(wheres, wheres[1:], strict=False))


def test_reverse_step_retraces_step() -> None:
    s = session(*L2[:-1], "break nested-entry", L2[-1])
    start = s.tape.cursor
    stops = [start, *(stop_of(s, "step").position for _ in range(20))]
    assert [stop_of(s, "reverse-step").position for _ in range(20)] == stops[-2::-1]


def test_it_counts() -> None:
    one, other = session("step", "step", "step"), session("step 3")
    assert one.tape.cursor == other.tape.cursor
