"""The time-stamp counter."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING, CPU_USE_MSR_BITMAPS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msr.tsc import IA32_TIME_STAMP_COUNTER, IA32_TSC_ADJUST, IA32_TSC_AUX
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware
from vmx import in_guest

TSC, ADJUST = IA32_TIME_STAMP_COUNTER, IA32_TSC_ADJUST


def test_it_counts_its_readings_on_every_processor_and_goes_back_with_the_tape() -> None:
    hw = new_hardware(cpus=2)
    assert [read_msr(hw, cpu, TSC) for cpu in (*hw.cpus, *hw.cpus)] == [1, 2, 3, 4]
    hw.tape.seek(0)
    assert hw.clock.tsc == 0


def test_what_is_added_by_a_write_is_added_to_the_adjust_register() -> None:
    hw = new_hardware(cpus=2)
    cpu = hw.cpus[0]
    assert write_msr(hw, cpu, TSC, 1000) and read_msr(hw, cpu, ADJUST) == 999
    assert read_msr(hw, cpu, TSC) == 1001 and read_msr(hw, hw.cpus[1], TSC) == 3
    assert write_msr(hw, cpu, ADJUST, 0) and read_msr(hw, cpu, TSC) == 4
    assert write_msr(hw, cpu, TSC, 0) and read_msr(hw, cpu, ADJUST) == (1 << 64) - 5


@pytest.mark.parametrize(("control", "value"), [(0, 1), (CPU_TSC_OFFSETTING, 0x1001)])
def test_a_guest_reads_it_with_its_offset_and_writes_it_without(control: int, value: int) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: control | CPU_USE_MSR_BITMAPS, F.TSC_OFFSET: 0x1000})
    assert read_msr(hw, cpu, TSC) == value
    assert write_msr(hw, cpu, TSC, 0x50) and hw.msrs[0, ADJUST] == 0x50 - 2


def test_the_auxiliary_register_has_32_bits() -> None:
    hw = new_hardware()
    assert write_msr(hw, hw.cpus[0], IA32_TSC_AUX, 5) and not write_msr(hw, hw.cpus[0], IA32_TSC_AUX, 1 << 32)
    assert read_msr(hw, hw.cpus[0], IA32_TSC_AUX) == 5
