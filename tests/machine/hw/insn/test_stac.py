"""STAC."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.access import RFLAGS_AC
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import flat_descriptors, new_hardware


@pytest.mark.parametrize(("cpl", "outcome"), [(0, RETIRED), (1, FAULTED), (3, FAULTED)])
def test_only_the_kernel_may(cpl: int, outcome: str) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.descriptors = flat_descriptors(cpl)
    cpu.rflags &= ~RFLAGS_AC
    assert execute(hw, cpu, parse_insn("stac")) == outcome
    assert bool(cpu.rflags & RFLAGS_AC) is (outcome == RETIRED)
