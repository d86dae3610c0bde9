"""next, nexti and their reverse forms."""

from __future__ import annotations

from session_support import session, stop_of


def test_next_goes_over_what_step_goes_into() -> None:
    s = session("until vmx_load_mmu_pgd")
    depth = len(s.tape.stack(s.tape.cursor))
    for _ in range(10):
        stop = stop_of(s, "next")
        now = len(s.tape.stack(stop.position))
        if not now:
            break
        assert now <= depth
        depth = now


def test_a_breakpoint_inside_stops_next() -> None:
    s = session("until vcpu_enter_guest", "break flush")
    while (stop := stop_of(s, "next")).reason == "step":
        pass
    assert stop.reason == "breakpoint"


def test_back_over_calls() -> None:
    s = session("until vmx_load_mmu_pgd")
    start = s.tape.cursor
    assert stop_of(s, "next").position > start
    assert stop_of(s, "reverse-next").position <= start


def test_nexti_moves_by_entries_of_this_function() -> None:
    s = session("stepi 2")
    stop = stop_of(s, "ni")
    assert stop.position >= 3
    assert stop_of(s, "rni").position == 2
