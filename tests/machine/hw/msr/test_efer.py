"""IA32_EFER."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.msr.efer import IA32_EFER, efer_after_write
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from support import new_hardware


@pytest.mark.parametrize(("value", "old", "paging", "new"), [
    (0x901, 0xD00, True, 0xD01), (0x801, 0xD00, True, None), (0x801, 0x900, False, 0x801), (0x400, 0x500, False, 0x400),
    (0x400, 0, False, 0), (0x1000, 0, False, None)])
def test_efer(value: int, old: int, paging: bool, new: int | None) -> None:
    assert efer_after_write(value, old, paging) == new


def test_what_is_written_is_read_and_lme_stays_while_paging_is_on() -> None:
    hw = new_hardware()
    assert write_msr(hw, hw.cpus[0], IA32_EFER, 0x501) and read_msr(hw, hw.cpus[0], IA32_EFER) == 0x501
    assert not write_msr(hw, hw.cpus[0], IA32_EFER, 0x1) and hw.cpus[0].efer == 0x501
