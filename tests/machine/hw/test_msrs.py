"""Model-specific registers and MSR bitmaps."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.capabilities import vmx_msrs
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.msrs import MSRS, NUMBERS, bitmap_bit, bitmap_exits, efer_after_write, read_msr, write_msr
from kvmdbg.machine.hw.state import Caps
from support import new_hardware

VALUES = {"IA32_SYSENTER_CS": 0x8, "IA32_DEBUGCTL": 1, "IA32_PAT": 0x0606_0606_0606_0606, "IA32_EFER": 0x501}
ADDRESS = 0xFFFF_8000_0000_1000


@pytest.mark.parametrize("name", [msr.name for msr in MSRS.values()])
def test_what_is_written_is_read(name: str) -> None:
    hw = new_hardware()
    msr = MSRS[NUMBERS[name]]
    value = VALUES.get(name, ADDRESS)
    assert msr.write(hw, hw.cpus[0], value)
    assert msr.read(hw, hw.cpus[0]) == value


def test_addresses_are_canonical_to_the_processors_width() -> None:
    for caps, accepted in ((Caps(), False), (Caps(la57=True), True)):
        hw = new_hardware(caps)
        assert MSRS[NUMBERS["IA32_FS_BASE"]].write(hw, hw.cpus[0], 1 << 50) is accepted


@pytest.mark.parametrize(("value", "old", "paging", "new"), [
    (0x901, 0xD00, True, 0xD01), (0x801, 0xD00, True, None), (0x801, 0x900, False, 0x801), (0x400, 0x500, False, 0x400),
    (0x400, 0, False, 0), (0x1000, 0, False, None)])
def test_efer(value: int, old: int, paging: bool, new: int | None) -> None:
    assert efer_after_write(value, old, paging) == new


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
    assert read_msr(hw, hw.cpus[0], 0x491) is None is read_msr(hw, hw.cpus[0], 0x10)
    assert not write_msr(hw, hw.cpus[0], 0x480, 0) and not write_msr(hw, hw.cpus[0], 0x3A, 5)
    assert write_msr(hw, hw.cpus[0], 0x277, 0)
