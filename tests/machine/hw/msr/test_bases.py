"""IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE."""

from __future__ import annotations

from kvmdbg.machine.hw.msr.bases import IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


def test_two_are_bases_of_segments_and_one_waits_for_swapgs() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    for number in (IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE):
        assert write_msr(hw, cpu, number, number << 4) and read_msr(hw, cpu, number) == number << 4
    assert (cpu.descriptors.fs.base, cpu.descriptors.gs.base) == (IA32_FS_BASE << 4, IA32_GS_BASE << 4)
    assert hw.msrs[0, IA32_KERNEL_GS_BASE] == IA32_KERNEL_GS_BASE << 4
