"""Motions over the tape: breakpoints, watchpoints, conditions, both directions."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Hit, Invalidated
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.session.motion import Backward, Forward, where
from session_support import FORBIDDEN_IN_L2, L2, LOSES_FLUSHES, STALE_IN_L1, say, session, stop_of


def test_a_breakpoint_stops_before_the_event_and_moving_on_does_not_hit_it_again() -> None:
    s = session("break flush")
    first = stop_of(s, "continue")
    assert isinstance(s.tape.event(first.position), Invalidated) and first.breakpoint == 1
    second = stop_of(s, "continue")
    assert second.position > first.position
    assert stop_of(s, "reverse-continue").position == first.position
    assert stop_of(s, "continue").position == second.position
    assert s.breakpoints[1].hits == 4


def test_a_forbidden_use_stops_by_itself_in_both_directions() -> None:
    s = session(*FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    stop = stop_of(s, "inject load 0x800000")
    assert (stop.reason, stop.breakpoint) == ("forbidden", None) and isinstance(s.tape.event(stop.position), Hit)
    assert stop.text.startswith("Forbidden: L2 is about to use combined vpid 2 ")
    assert stop_of(s, "continue").reason == "waiting"
    assert stop_of(s, "reverse-continue").position == stop.position
    say(s, "break forbidden", "goto end")
    assert stop_of(s, "reverse-continue").text.startswith("Breakpoint 1, forbidden\nForbidden: L2")


def test_it_can_be_switched_off() -> None:
    s = session("set stop-on-forbidden off", *FORBIDDEN_IN_L2, kernel=LOSES_FLUSHES)
    assert stop_of(s, "inject load 0x800000").reason == "inject"
    say(s, "set stop-on-forbidden on")
    assert stop_of(s, "reverse-continue").reason == "forbidden"


def test_a_stale_use_stops_only_when_asked_for() -> None:
    s = session(*STALE_IN_L1, kernel="v6.12")
    assert stop_of(s, "inject load 0x400000").reason == "inject"
    assert "Stale: L1" in stop_of(s, "break stale\nreverse-continue").text


def test_stops_are_the_same_whether_the_tape_exists_or_not() -> None:
    fresh, known = session("break req:TLB_FLUSH"), session("continue", "goto start", "break req:TLB_FLUSH")
    assert [stop_of(fresh, "c").position for _ in range(2)] == [stop_of(known, "c").position for _ in range(2)]


def test_the_entry_at_the_end_of_the_tape_is_not_skipped() -> None:
    s = session("stepi")
    while s.tape.cursor != s.tape.end:
        s.execute("finish")
    at = s.tape.cursor
    assert stop_of(s, "until req:TLB_FLUSH serviced").position == at
    say(s, "undo" if s.timeline.edits else "when", "tbreak vcpu_enter_guest")
    assert stop_of(s, "reverse-continue").reason == "start"


def test_a_condition_sees_the_state_before_the_event() -> None:
    s = session("break req:TLB_FLUSH raised if not pending(\"TLB_FLUSH\") and by == \"vmx_vcpu_load_vmcs\"")
    stop = stop_of(s, "continue")
    assert isinstance(s.tape.event(stop.position), RequestMade)
    assert stop_of(s, "continue").reason == "waiting"


def test_a_condition_that_cannot_be_computed_moves_nothing() -> None:
    s = session("break flush if 1 // (vpid - vpid)")
    with pytest.raises(UserError, match="Error in testing condition of breakpoint 1"):
        s.execute("continue")
    assert s.tape.cursor == 0


def test_only_the_events_of_a_vcpu() -> None:
    s = session("break flush vcpu 0")
    assert stop_of(s, "continue").reason == "breakpoint"


def test_a_function_breakpoint_stops_at_the_first_entry_of_each_invocation() -> None:
    s = session("break kvm_make_request")
    stops = []
    while (stop := stop_of(s, "continue")).reason == "breakpoint":
        stops.append(stop.position)
    assert stops and all(any(frame.function == "kvm_make_request" for frame in s.tape.stack(at)) for at in stops)
    assert [stop_of(s, "reverse-continue").position for _ in stops] == stops[::-1]


def test_a_watchpoint_stops_behind_the_write_forwards_and_before_it_backwards() -> None:
    s = session("watch vcpu0.requests")
    stop = stop_of(s, "continue")
    assert stop.reason == "watch" and "Old value = 0\nNew value = TLB_FLUSH" in stop.text
    assert s.tape.entries[stop.position - 1][1] == "requests"
    second = stop_of(s, "continue")
    back = stop_of(s, "reverse-continue")
    assert back.position == second.position - 1 and "New value = TLB_FLUSH" in back.text
    assert stop_of(s, "reverse-continue").position == stop.position - 1


def test_watching_an_expression_over_several_cells() -> None:
    s = session(*L2[:-1], "watch vmcs12.VIRTUAL_PROCESSOR_ID == vcpu.last_vpid")
    stop = stop_of(s, "inject vmlaunch")
    assert stop.reason == "watch" and s.tape.entries[stop.position - 1][1] == "last_vpid"


def test_watching_tlb_entries_appear_and_vanish() -> None:
    s = session("map L1 0x400000 0x5000", "watch tlb[page == 0x400000]")
    appears = stop_of(s, "inject load 0x400000")
    assert "0x400000 (4K)" in appears.text.partition("New value")[2]
    say(s, "continue")
    vanishes = stop_of(s, "inject invlpg 0x400000")
    assert vanishes.reason == "watch" and "New value = 0 entries" in vanishes.text


def test_watching_with_a_condition() -> None:
    s = session("watch vcpu0.requests if vcpu0.requests == 0")
    assert "New value = 0" in stop_of(s, "continue").text


def test_a_breakpoint_inside_a_step_stops_it() -> None:
    s = session("break req")
    at = stop_of(s, "stepi 1000").position
    assert at < 1000 and stop_of(s, "stepi").position == at + 1


def test_the_ends_of_the_tape() -> None:
    s = session("continue")
    assert s.last_stop is not None and s.last_stop.reason == "waiting"
    start = stop_of(s, "reverse-continue")
    assert (start.position, start.reason) == (0, "start") and "No more reverse-execution history" in start.text
    assert stop_of(s, "reverse-step").reason == "start"


def test_a_motion_in_pieces_ends_where_a_whole_one_does() -> None:
    whole, pieces = session("break vmentry"), session("break vmentry")
    motion, stop, turns = Forward(pieces, None), None, 0
    while stop is None:
        stop, turns = motion.pump(3), turns + 1
    assert stop.position == stop_of(whole, "continue").position and turns > 3
    back, stop = Backward(pieces, 0), None
    while stop is None:
        stop = back.pump(3)
    assert stop.position == 0


def test_interrupting_stands_where_it_has_come_to() -> None:
    s = session()
    motion = Forward(s, None)
    assert motion.pump(5) is None
    assert motion.interrupt().position == s.tape.cursor


def test_where_names_function_and_line_or_the_edit() -> None:
    s = session("poke 0x5000 1", "goto start")
    assert where(s.timeline, 0).startswith("poke 0x5000 0x1") or " () at " in where(s.timeline, 0)
    s.execute("inject nop")
    assert where(s.timeline, s.tape.end) == ""


def test_stuck_stops() -> None:
    s = session("inject load 0x7fffffffffff")
    assert s.last_stop is not None and s.last_stop.reason in ("inject", "stuck", "waiting")
