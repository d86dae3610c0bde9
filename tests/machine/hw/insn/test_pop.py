"""POP."""

from __future__ import annotations

from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from support import events, map_page
from vmx import in_guest, in_root


def test_it_takes_eight_bytes() -> None:
    hw, cpu = in_root()
    la = 0x5_0000
    map_page(hw, cpu.cr3, la, 0x9_0000 | P | RW)
    write64(hw, 0x9_0008, 0x1234)
    cpu.rsp = la + 8
    assert execute(hw, cpu, parse_insn("pop")) == RETIRED
    assert (cpu.rax, cpu.rsp) == (0x1234, la + 16)


def test_a_stack_that_is_not_canonical_is_a_stack_fault() -> None:
    hw, cpu = in_guest()
    cpu.rsp = 1 << 63
    assert execute(hw, cpu, parse_insn("pop")) == FAULTED
    assert (events(hw, Faulted), cpu.rsp) == ([Faulted(0, "#SS", 0, 0)], 1 << 63)
