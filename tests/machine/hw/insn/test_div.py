"""DIV."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, new_hardware


def test_it_divides() -> None:
    hw = new_hardware()
    hw.cpus[0].rax = 7
    assert execute(hw, hw.cpus[0], parse_insn("div 2")) == RETIRED
    assert hw.cpus[0].rax == 3


def test_by_zero_it_faults() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("div 0")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#DE", 0, 0)]
