"""I/O ports."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING, CPU_USE_IO_BITMAPS
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.ports import (
    QUALIFICATION_IN,
    bitmap_exits,
    exits,
    merged,
    refuse_straddling,
    register,
    require_permission,
    taken,
)
from vmx import in_guest

A, B = 0x8000, 0x9000
BITMAPS = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_USE_IO_BITMAPS | CPU_UNCOND_IO_EXITING, F.IO_BITMAP_A: A,
           F.IO_BITMAP_B: B}


@pytest.mark.parametrize(("port", "size", "wanted"), [
    (0x80, 1, False), (0x81, 1, True), (0x80, 2, True), (0x82, 4, False), (0x7FFF, 1, False), (0x7FFF, 2, True), (0x8000, 1, True),
    (0xFFFF, 1, False), (0xFFFF, 2, True), (0xFFFE, 4, True)])
def test_bitmaps_have_a_bit_a_port(port: int, size: int, wanted: bool) -> None:
    memory = {A + 0x10: 1 << 1, B: 1}
    assert bitmap_exits(lambda at: memory.get(at, 0), (A, B), port, size) == wanted


def test_the_bitmaps_come_before_the_unconditional_exit() -> None:
    hw, cpu = in_guest(BITMAPS)
    assert exits(hw, cpu, 0x80, 1, 0) is None
    write64(hw, A + 0x10, 1)
    found = exits(hw, cpu, 0x80, 2, QUALIFICATION_IN, 0x1234)
    assert found is not None and (found.reason, found.qualification, found.gla) == (30, 0x80_0009, 0x1234)


def test_without_bitmaps_all_or_none_exit() -> None:
    hw, cpu = in_guest()
    assert exits(hw, cpu, 0x80, 1, 0) is None
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_UNCOND_IO_EXITING})
    found = exits(hw, cpu, 0x80, 1, 0)
    assert found is not None and found.qualification == 0x80_0000


def test_the_privilege_level_comes_first() -> None:
    hw, cpu = in_guest(cpl=3)
    with pytest.raises(GuestFault, match="#GP"):
        require_permission(cpu)
    cpu.rflags |= 3 << 12
    require_permission(cpu)
    cpu.rflags &= ~(3 << 12)
    cpu.descriptors = cpu.descriptors._replace(tr=cpu.descriptors.tr._replace(limit=0x2067))
    with pytest.raises(Unsupported, match="permission bit map"):
        require_permission(cpu)


def test_bytes_in_a_cell() -> None:
    assert merged(0x1122_3344_5566_7788, 0x1002, 2, 0xABCD) == 0x1122_3344_ABCD_7788
    assert taken(0x1122_3344_5566_7788, 0x1004, 4) == 0x1122_3344
    assert [register(0x1111_2222_3333_4444, size, 0xFFFF_FFFF) for size in (1, 2, 4)] == [
        0x1111_2222_3333_44FF, 0x1111_2222_3333_FFFF, 0xFFFF_FFFF]
    refuse_straddling(0x1004, 4)
    with pytest.raises(Unsupported, match="reach into the next eight"):
        refuse_straddling(0x1005, 4)
