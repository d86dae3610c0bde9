"""What commands make motions of."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import waits
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.session import moves
from session_support import L2, session


def test_until_asks_events_functions_and_conditions() -> None:
    s = session(*L2)
    wants = moves.until(s, "vmentry if vpid == 2")(0)
    found = [at for at in range(s.tape.end + 1) if wants(at)]
    assert found and all(isinstance(s.tape.event(at), VmEntered) for at in found)
    entered = moves.until(s, "kvm_make_request")(0)
    assert [at for at in range(s.tape.end) if entered(at)]


def test_until_back_finds_the_last_one_before() -> None:
    s = session(*L2)
    for text in ("vmentry", "kvm_make_request"):
        wants, back = moves.until(s, text)(0), moves.until_back(s, text)
        found = [at for at in range(s.tape.end) if wants(at)]
        s.tape.seek(s.tape.end)
        assert back(found[-1] + 1) == found[-1]
        assert back(found[-1]) == (found[-2] if len(found) > 1 else 0)
        assert back(found[0]) == 0


def test_an_instruction_is_done_between_two_actions_of_the_guest() -> None:
    s = session("inject nop")
    done = moves.instruction_done(s, 0)(0)
    assert done(s.tape.end) and waits(s.kvm, 0)
    assert not done(1) and not done(0)


def test_depth_counts_from_the_selected_frame() -> None:
    s = session("stepi 10")
    depth = moves.depth_of(s)
    s.frame = 1
    assert moves.depth_of(s) == depth - 1
    s.execute("goto end")
    assert moves.depth_of(s) == 0


def test_the_past_is_required() -> None:
    with pytest.raises(UserError, match="No more reverse-execution history"):
        moves.require_past(session())
