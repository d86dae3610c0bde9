"""Writes to memory."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Accessed
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, events, map_page, new_hardware


def test_the_value_is_in_memory() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P | RW)
    assert execute(hw, hw.cpus[0], parse_insn("store 0x401010, -1")) == RETIRED
    assert read64(hw, 0x9010) == 0xFFFF_FFFF_FFFF_FFFF
    assert events(hw, Accessed) == [Accessed(0, "write", 0x40_1010, 0x9010, 0xFFFF_FFFF_FFFF_FFFF)]


def test_a_page_without_write_permission_faults() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P)
    assert execute(hw, hw.cpus[0], parse_insn("store 0x401010, 5")) == FAULTED
    assert read64(hw, 0x9010) == 0
