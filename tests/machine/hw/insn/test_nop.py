"""NOP."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Retired
from kvmdbg.machine.hw.execute import RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, new_hardware


def test_it_does_nothing_but_retire() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    before = cpu.frozen()
    assert execute(hw, cpu, parse_insn("nop")) == RETIRED
    cpu.rip -= 1
    assert cpu.frozen() == before
    assert events(hw) == [Retired(0, "nop")]
