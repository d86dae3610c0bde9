"""POPF."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.execute import execute
from kvmdbg.machine.hw.instructions import parse_insn
from support import flat_descriptors, new_hardware


@pytest.mark.parametrize(("cpl", "before", "value", "after"), [
    (0, 2, 0x3FFFFF, 0x47FD7), (3, 2, 0x3202, 2), (3, 0x3002, 0x202, 0x3202), (0, 0x10002, 0x91, 0x93)])
def test_interrupts_and_their_level_only_where_the_program_may(cpl: int, before: int, value: int, after: int) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.descriptors = flat_descriptors(cpl)
    cpu.rflags = before
    execute(hw, cpu, parse_insn(f"popf {value:#x}"))
    assert cpu.rflags == after
