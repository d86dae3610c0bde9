"""IA32_MISC_ENABLE."""

from __future__ import annotations

from kvmdbg.machine.hw.msr.misc_enable import IA32_MISC_ENABLE, MISC_ENABLE_RESET
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


def test_what_is_not_there_stays_so() -> None:
    hw = new_hardware()
    assert read_msr(hw, hw.cpus[0], IA32_MISC_ENABLE) == MISC_ENABLE_RESET
    assert write_msr(hw, hw.cpus[0], IA32_MISC_ENABLE, 0x1800) and not write_msr(hw, hw.cpus[0], IA32_MISC_ENABLE, 1)
