"""VMPTRST."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, events, map_page
from vmx import REGION, in_guest, in_root, with_vmcs


def test_the_pointer_goes_to_rax_when_no_place_is_given() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmptrst")) == RETIRED
    assert cpu.rax == REGION
    assert events(hw, Completed) == [Completed(0, "vmptrst", "VMsucceed", 0)]


def test_all_ones_when_there_is_none() -> None:
    hw, cpu = in_root()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    assert execute(hw, cpu, parse_insn("vmptrst @0x7000")) == RETIRED
    assert read64(hw, 0x9000) == 0xFFFF_FFFF_FFFF_FFFF


def test_a_place_that_is_not_mapped_faults() -> None:
    hw, cpu = in_root()
    assert execute(hw, cpu, parse_insn("vmptrst @0x7000")) == FAULTED


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmptrst")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 22
