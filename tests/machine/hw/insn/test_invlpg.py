"""INVLPG."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_INVLPG_EXITING, CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.events import Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, events, map_page, new_hardware
from vmx import in_guest

EXITING = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | CPU_INVLPG_EXITING}


def test_the_page_is_forgotten() -> None:
    hw = new_hardware()
    for la in (0x40_1000, 0x40_2000):
        map_page(hw, HOST_CR3, la, 0x9000 | P | RW)
        execute(hw, hw.cpus[0], parse_insn(f"load {la}"))
    assert execute(hw, hw.cpus[0], parse_insn("invlpg 0x401fff")) == RETIRED
    assert [key.page for key in hw.tlb[0]] == [0x40_2000]


def test_an_address_that_is_not_canonical_is_no_operation() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("invlpg 0x800000000000")) == RETIRED
    assert not events(hw, Invalidated)


def test_with_invlpg_exiting_the_qualification_is_the_address() -> None:
    hw, cpu = in_guest(EXITING)
    assert execute(hw, cpu, parse_insn("invlpg 0x401234")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (14, 0x40_1234)
    assert not events(hw, Invalidated)


def test_without_it_the_guest_acts_itself() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("invlpg 0x401234")) == RETIRED
    assert isinstance(events(hw, Invalidated)[-1], Invalidated)


def test_it_is_privileged_before_it_exits() -> None:
    hw, cpu = in_guest(EXITING, cpl=3)
    assert execute(hw, cpu, parse_insn("invlpg 0")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]
