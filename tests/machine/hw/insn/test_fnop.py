"""FNOP."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR0_EM, CR0_TS
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import events, new_hardware


@pytest.mark.parametrize(("bits", "vectors"), [(0, []), (CR0_TS, ["#NM"]), (CR0_EM, ["#NM"])])
def test_the_unit_may_be_away(bits: int, vectors: list[str]) -> None:
    hw = new_hardware()
    hw.cpus[0].cr0 |= bits
    execute(hw, hw.cpus[0], parse_insn("fnop"))
    assert [event.vector for event in events(hw, Faulted)] == vectors
