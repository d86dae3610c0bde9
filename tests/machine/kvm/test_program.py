"""Program: a tuple in all it shows, and one copy of the instructions however many have been executed."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.program import EMPTY, Program
from kvmdbg.machine.kvm.state import Vcpu
from session_support import session
from sizes import bytes_kept

INSNS = tuple(map(parse_insn, ("cpuid", "nop", "load 0x5000", "hlt")))
PROGRAM = Program(INSNS)


@pytest.mark.parametrize("executed", range(len(INSNS) + 1))
def test_it_is_a_tuple_to_whoever_looks(executed: int) -> None:
    program, same = PROGRAM, INSNS[executed:]
    for _ in range(executed):
        program = program.rest()
    assert program == same and same == program and not program != same
    assert (len(program), bool(program), repr(program), hash(program)) == (len(same), bool(same), repr(same), hash(same))
    assert tuple(program) == same and list(reversed(program)) == list(reversed(same))
    for cut in (slice(None), slice(1), slice(1, None), slice(-1, None), slice(3, 1), slice(None, None, -1), slice(0, 9, 2)):
        assert program[cut] == same[cut] and isinstance(program[cut], tuple)
    for at in range(-5, 5):
        if -len(same) <= at < len(same):
            assert program[at] == same[at]
        else:
            with pytest.raises(IndexError):
                program[at]


def test_two_programs_are_equal_when_their_instructions_are() -> None:
    assert PROGRAM.rest() == Program(INSNS[1:]) and PROGRAM.rest() != PROGRAM and PROGRAM != "cpuid"
    assert Program(INSNS[:1]).rest() == EMPTY == Program(())


def test_instructions_come_in_front_and_behind() -> None:
    more = (parse_insn("vmcall"),)
    assert PROGRAM.preceded_by(more) == more + INSNS and PROGRAM.followed_by(more) == INSNS + more
    assert PROGRAM.rest().preceded_by(INSNS[:1]) == INSNS and PROGRAM.rest().preceded_by(more) == more + INSNS[1:]


def kept(count: int) -> int:
    """Bytes that the tape keeps for the programs of `count` instructions, all executed."""
    s = session("program", *["nop"] * count, "end", "continue")
    vcpu = s.kvm.vcpus[0]
    assert isinstance(vcpu, Vcpu) and not vcpu.program
    values = [value for owner, key, old, new in s.tape.entries if owner is vcpu and key == "program" for value in (old, new)]
    assert len(values) == 2 * (count + 1)
    return bytes_kept(values)


def test_executing_ten_times_as_many_instructions_keeps_ten_times_as_much() -> None:
    few, many = kept(1_000), kept(10_000)
    assert many < 11 * few


def test_an_expression_sees_a_tuple() -> None:
    s = session("program", "cpuid", "nop", "end")
    assert s.scope().lookup("vcpu").part("program") == INSNS[:2]
    assert isinstance(s.kvm.vcpus[0].program[0], Insn)
