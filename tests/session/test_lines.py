"""Lines, invocations and depths along a tape."""

from __future__ import annotations

from kvmdbg.session.lines import Lines
from session_support import L2, session

S = session(*L2)
LINES = Lines(S.timeline)
END = S.tape.end


def test_depth_is_the_number_of_frames() -> None:
    assert LINES.depth(END) == 0
    for position in range(0, END, 7):
        assert LINES.depth(position) == len(S.tape.stack(position))


def test_step_goes_to_another_line_and_step_back_to_its_beginning() -> None:
    position = S.timeline.marks[2].start
    starts = [position]
    for _ in range(30):
        wants = LINES.step(position)
        position = next(at for at in range(position + 1, END) if wants(at))
        starts.append(position)
    for start, before in zip(starts[:0:-1], starts[-2::-1], strict=True):
        assert LINES.step_back(start) == before


def test_next_never_stops_inside_a_called_function() -> None:
    start = next(at for at in range(END) if S.tape.stack(at) and S.tape.stack(at)[0].function == "vmx_vcpu_load_vmcs")
    depth, wants = LINES.depth(start), LINES.next(start)
    stop = next(at for at in range(start + 1, END) if wants(at))
    assert LINES.depth(stop) <= depth or LINES.invocation(stop, depth) != LINES.invocation(start, depth)
    assert LINES.next_back(stop) <= start


def test_finish_leaves_the_invocation() -> None:
    for start in range(0, END, 11):
        depth = LINES.depth(start)
        if depth:
            wants = LINES.finish(start, depth)
            stop = next((at for at in range(start + 1, END + 1) if wants(at)), END)
            assert all(LINES.invocation(at, depth) == LINES.invocation(start, depth) for at in range(start, stop))
            assert LINES.finish_back(start, depth) <= start


def test_without_stamps_every_position_is_a_line() -> None:
    deaf = session("inject nop", listening=False)
    lines = Lines(deaf.timeline)
    assert lines.step(3)(4) and lines.step_back(4) == 3 and lines.next_back(4) == 3 and lines.depth(3) == 0
    assert lines.finish(3, 0) == deaf.timeline.at_border


def test_nexti_goes_over_what_is_called() -> None:
    start = next(at for at in range(END) if LINES.depth(at + 1) > LINES.depth(at) > 0
                 and LINES.invocation(at + 1, LINES.depth(at)) == LINES.invocation(at, LINES.depth(at)))
    stop = next(at for at in range(start + 1, END + 1) if LINES.nexti(start)(at))
    assert stop > start + 1
    assert LINES.nexti_back(stop) == start
