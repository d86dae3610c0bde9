"""VM exits of RDMSR and WRMSR."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.msr_exits import msr_exits
from vmx import in_guest

PAGE = 0x9000


@pytest.mark.parametrize(("control", "number", "exits"), [
    (0, 0x277, True), (CPU_USE_MSR_BITMAPS, 0x277, True), (CPU_USE_MSR_BITMAPS, 0x276, False), (CPU_USE_MSR_BITMAPS, 0x2000, True)])
def test_when_a_read_leaves_the_guest(control: int, number: int, exits: bool) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: control, F.MSR_BITMAP: PAGE})
    write64(hw, PAGE + 0x48, 1 << 8 * 6 + 7)             # register 277H for reads
    found = msr_exits(31, write=False)(hw, cpu, (number,))
    assert (found is not None) is exits and (found is None or found.reason == 31)
    assert (msr_exits(32, write=True)(hw, cpu, (number,)) is not None) is (control == 0 or number == 0x2000)
