"""finish and reverse-finish."""

from __future__ import annotations

from session_support import session, stop_of


def test_finish_leaves_the_function_and_reverse_finish_goes_to_its_beginning() -> None:
    s = session("until kvm_make_request", "stepi")
    began = s.tape.cursor - 1
    stop = stop_of(s, "finish")
    assert not any(frame.function == "kvm_make_request" for frame in s.tape.stack(stop.position))
    s.execute("reverse-stepi")
    assert stop_of(s, "reverse-finish").position == began


def test_the_selected_frame_is_the_one_that_is_left() -> None:
    s = session("until flush", "up 3")
    name = s.tape.stack(s.tape.cursor)[3].function
    stop = stop_of(s, "finish")
    assert name not in [frame.function for frame in s.tape.stack(stop.position)]


def test_from_the_outermost_one_to_the_end_of_the_action() -> None:
    s = session("stepi")
    mark = s.timeline.marks[0]
    for _ in range(20):
        if s.tape.cursor == mark.end:
            break
        s.execute("finish")
    assert s.tape.cursor == mark.end
    s.execute("rsi")
    for _ in range(20):
        if stop_of(s, "rf").position == mark.start:
            break
    assert s.tape.cursor == mark.start
