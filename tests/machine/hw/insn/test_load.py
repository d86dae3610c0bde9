"""Reads of memory."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Accessed
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, events, map_page, new_hardware


def test_the_value_is_in_rax() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, 0x40_1000, 0x9000 | P | RW)
    write64(hw, 0x9008, 0x1234)
    assert execute(hw, hw.cpus[0], parse_insn("load 0x401008")) == RETIRED
    assert hw.cpus[0].rax == 0x1234
    assert events(hw, Accessed) == [Accessed(0, "read", 0x40_1008, 0x9008, 0x1234)]


def test_a_fault_leaves_rax() -> None:
    hw = new_hardware()
    hw.cpus[0].rax = 7
    assert execute(hw, hw.cpus[0], parse_insn("load 0x401000")) == FAULTED
    assert (hw.cpus[0].rax, hw.cpus[0].cr2) == (7, 0x40_1000)
