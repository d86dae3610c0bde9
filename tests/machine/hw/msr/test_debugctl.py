"""IA32_DEBUGCTL."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import DEBUGCTL_OFFERED
from kvmdbg.machine.hw.msr.debugctl import IA32_DEBUGCTL
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


def test_reserved_bits_are_refused() -> None:
    hw = new_hardware()
    assert write_msr(hw, hw.cpus[0], IA32_DEBUGCTL, DEBUGCTL_OFFERED)
    assert not write_msr(hw, hw.cpus[0], IA32_DEBUGCTL, 1 << 20)
    assert read_msr(hw, hw.cpus[0], IA32_DEBUGCTL) == DEBUGCTL_OFFERED
