"""inject and program."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import waits
from session_support import L2, say, session, stop_of


def test_an_instruction_runs_through_to_where_the_guest_waits() -> None:
    s = session()
    stop = stop_of(s, "inject vcpu0 cpuid")
    assert stop.reason == "inject" and waits(s.kvm, 0) and stop.position == s.tape.end


def test_the_stop_tells_what_became_of_it() -> None:
    s = session("poke 0x3000 0x11e57ed0", "map L1 0x400000 0x5000")
    for line, said in (("inject vmxon 0x3000", "vmxon of L1 succeeds"), ("inject load 0x400000", "read of 0x400000"),
                       ("inject vmxon 0x3000", "vmxon of L1 fails"), ("inject load 0x900000", "#PF"), ("inject nop", "nop done")):
        assert said in stop_of(s, line).text, line


def test_a_breakpoint_stops_in_the_middle_and_continue_goes_on() -> None:
    s = session(*L2[:-1], "break nested-entry")
    assert stop_of(s, L2[-1]).breakpoint == 1
    with pytest.raises(UserError, match="in the middle of vcpu0 handle_exit"):
        s.execute("inject nop")
    assert stop_of(s, "continue").reason == "waiting" and s.kvm.vcpus[0].guest_mode


def test_it_goes_in_front_of_the_program_and_leaves_the_rest() -> None:
    s = session("program", "nop", "cpuid", "end", "inject vmcall")
    assert [one.name for one in s.kvm.vcpus[0].program] == ["nop", "cpuid"]


def test_a_program_is_loaded_as_one_edit() -> None:
    s = session()
    assert say(s, "program vcpu0", "nop", "# a comment", "mov cr3, 0x2000", "end") == "vcpu0 has 2 instructions to execute"
    assert len(s.timeline.edits) == 1
    say(s, "undo")
    assert s.kvm.vcpus[0].program == ()


def test_a_vcpu_that_is_halted_refuses() -> None:
    s = session("inject hlt")
    before = s.tape.end
    if not waits(s.kvm, 0):
        with pytest.raises(UserError, match="cannot execute anything"):
            s.execute("inject nop")
        assert s.tape.end == before


@pytest.mark.parametrize("line", ["inject", "inject vcpu0", "inject vcpu7 nop", "inject mvo cr3, 5", "inject invvpid nonsense 1"])
def test_mistakes_inject_nothing(line: str) -> None:
    s = session()
    with pytest.raises(UserError):
        s.execute(line)
    assert s.tape.end == 0 and not s.timeline.edits
