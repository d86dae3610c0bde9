"""IA32_FEATURE_CONTROL."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.msr.feature_control import IA32_FEATURE_CONTROL, allows_vmxon
from kvmdbg.machine.hw.msr_register import keep
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


def test_firmware_has_locked_it() -> None:
    hw = new_hardware()
    assert read_msr(hw, hw.cpus[0], IA32_FEATURE_CONTROL) == 5
    assert not write_msr(hw, hw.cpus[0], IA32_FEATURE_CONTROL, 5)


@pytest.mark.parametrize(("value", "taken", "allows"), [(0, True, False), (4, True, False), (1, True, False), (5, True, True),
                                                        (7, False, False), (1 << 20, False, False)])
def test_unlocked_it_takes_the_bits_that_the_processor_has(value: int, taken: bool, allows: bool) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    keep(hw, cpu, IA32_FEATURE_CONTROL, 0)
    assert write_msr(hw, cpu, IA32_FEATURE_CONTROL, value) is taken
    found = read_msr(hw, cpu, IA32_FEATURE_CONTROL)
    assert found == (value if taken else 0) and allows_vmxon(found or 0) is allows
    assert write_msr(hw, cpu, IA32_FEATURE_CONTROL, 5) is not bool(taken and value & 1)
