"""insn and reverse-insn."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Retired
from session_support import session, stop_of


def test_one_instruction_at_a_time() -> None:
    s = session("program", "nop", "cpuid", "nop", "end")
    assert [len(s.kvm.vcpus[0].program) for _ in range(3) if stop_of(s, "insn")] == [2, 1, 0]
    assert len(list(s.timeline.events.between(Retired, 0, s.tape.end))) == 2
    assert stop_of(s, "insn").reason == "waiting"


def test_back_to_before_each_instruction() -> None:
    s = session("program", "nop", "nop", "end", "insn 2")
    assert stop_of(s, "reverse-insn").position < s.tape.end
    assert [one.name for one in s.kvm.vcpus[0].program] == ["nop"]
    s.execute("reverse-insn")
    assert [one.name for one in s.kvm.vcpus[0].program] == ["nop", "nop"]
