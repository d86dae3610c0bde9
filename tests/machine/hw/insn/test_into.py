"""INTO."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import RFLAGS_OF
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events
from vmx import in_guest


@pytest.mark.parametrize(("long", "flags", "vector"), [(True, RFLAGS_OF, ["#UD"]), (False, RFLAGS_OF, ["#OF"]), (False, 0, [])])
def test_it_traps_on_overflow_outside_64_bit_mode(long: bool, flags: int, vector: list[str]) -> None:
    hw, cpu = in_guest()
    cpu.rflags |= flags
    if not long:
        cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(ar=0xC09B))
    execute(hw, cpu, parse_insn("into"))
    assert [event.vector for event in events(hw, Faulted)] == vector
