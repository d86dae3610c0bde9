"""IA32_PAT."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.msr.pat import IA32_PAT, PAT_RESET
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


@pytest.mark.parametrize(("value", "legal"), [(0x0606_0606_0606_0606, True), (0, True), (2, False), (0x0300_0000_0000_0000, False)])
def test_each_byte_is_a_memory_type(value: int, legal: bool) -> None:
    hw = new_hardware()
    assert write_msr(hw, hw.cpus[0], IA32_PAT, value) is legal
    assert read_msr(hw, hw.cpus[0], IA32_PAT) == (value if legal else PAT_RESET)
