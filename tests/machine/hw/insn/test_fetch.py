"""Instruction fetches."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Accessed
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.paging import RW, XD, P
from support import HOST_CR3, events, map_page, new_hardware


def test_it_is_a_fetch() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P | RW)
    assert execute(hw, hw.cpus[0], parse_insn("fetch 0x401000")) == RETIRED
    assert events(hw, Accessed) == [Accessed(0, "fetch", 0x40_1000, 0x9000, 0)]
    assert hw.cpus[0].rip == 3


def test_a_page_with_execute_disable_faults() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P | RW | XD)
    assert execute(hw, hw.cpus[0], parse_insn("fetch 0x401000")) == FAULTED
