"""Model-specific registers and MSR bitmaps."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.capabilities import vmx_msrs
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.msrs import BY_NUMBER, NUMBERS, bitmap_bit, bitmap_exits, read_msr, write_msr
from kvmdbg.machine.hw.state import Caps
from support import new_hardware


def test_every_register_is_found_by_its_number_and_its_name() -> None:
    assert {msr.name: msr.number for msr in BY_NUMBER.values()}.items() <= NUMBERS.items()
    assert NUMBERS["IA32_TSC_ADJUST"] == 0x3B and NUMBERS["IA32_VMX_BASIC"] == 0x480
    assert all(msr.source for msr in BY_NUMBER.values())


@pytest.mark.parametrize(("number", "write", "place"), [
    (0, False, (0, 0)), (0x1FFF, False, (0x3FF, 7)), (0xC000_0000, False, (0x400, 0)), (0x277, True, (0x800 + 0x4E, 7)),
    (0xC000_1FFF, True, (0xFFF, 7)), (0x2000, False, None), (0xC000_2000, True, None), (0xBFFF_FFFF, True, None)])
def test_where_a_register_is_in_the_bitmaps(number: int, write: bool, place: tuple[int, int] | None) -> None:
    assert bitmap_bit(number, write) == place
    hw = new_hardware()
    assert bitmap_exits(lambda pa: read64(hw, pa), 0x9000, number, write) is (place is None)
    if place is not None:
        write64(hw, 0x9000 + place[0] & ~7, 1 << 8 * (place[0] & 7) + place[1])
        assert bitmap_exits(lambda pa: read64(hw, pa), 0x9000, number, write)


def test_capability_msrs_can_be_read_and_not_written() -> None:
    hw = new_hardware(Caps(vmfunc=False))
    assert read_msr(hw, hw.cpus[0], 0x48C) == vmx_msrs(hw.caps)[0x48C]
    assert read_msr(hw, hw.cpus[0], 0x491) is None is read_msr(hw, hw.cpus[0], 0x11)
    assert not write_msr(hw, hw.cpus[0], 0x480, 0) and not write_msr(hw, hw.cpus[0], 0x3A, 5)
    assert write_msr(hw, hw.cpus[0], 0x277, 0)
