"""CLI."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import RFLAGS_IF, RFLAGS_VM
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import flat_descriptors, new_hardware


@pytest.mark.parametrize(("cpl", "flags", "outcome"), [
    (0, 0, RETIRED), (1, 0, FAULTED), (1, 1 << 12, RETIRED), (0, RFLAGS_VM, FAULTED), (0, RFLAGS_VM | 3 << 12, RETIRED)])
def test_the_flag_is_cleared_where_the_level_allows_it(cpl: int, flags: int, outcome: str) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.descriptors = flat_descriptors(cpl)
    cpu.rflags |= RFLAGS_IF | flags
    assert execute(hw, cpu, parse_insn("cli")) == outcome
    assert bool(cpu.rflags & RFLAGS_IF) is (outcome == FAULTED)
