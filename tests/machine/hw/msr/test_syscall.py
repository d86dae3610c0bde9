"""SYSCALL's registers."""

from __future__ import annotations

from kvmdbg.machine.hw.msr.syscall import IA32_FMASK, IA32_LSTAR, IA32_STAR
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


def test_they_keep_what_is_written_where_it_is_legal() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    assert write_msr(hw, cpu, IA32_STAR, 0x0023_0010_0000_0000) and read_msr(hw, cpu, IA32_STAR) == 0x0023_0010_0000_0000
    assert not write_msr(hw, cpu, IA32_LSTAR, 1 << 60) and not write_msr(hw, cpu, IA32_FMASK, 1 << 32)
    assert read_msr(hw, cpu, IA32_LSTAR) == 0 == read_msr(hw, cpu, IA32_FMASK)
