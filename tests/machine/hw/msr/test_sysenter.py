"""IA32_SYSENTER_*."""

from __future__ import annotations

from kvmdbg.machine.hw.msr.sysenter import IA32_SYSENTER_CS, IA32_SYSENTER_EIP, IA32_SYSENTER_ESP
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware

NUMBERS = (IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP)


def test_they_are_kept_with_the_segments() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    for number, value in zip(NUMBERS, (0x1_0000_0008, 0x9000, 0x1000), strict=True):
        assert write_msr(hw, cpu, number, value)
    assert (cpu.descriptors.sysenter_cs, cpu.descriptors.sysenter_esp, cpu.descriptors.sysenter_eip) == (8, 0x9000, 0x1000)
    assert [read_msr(hw, cpu, number) for number in NUMBERS] == [8, 0x9000, 0x1000]
