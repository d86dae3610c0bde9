"""IRET."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import BLOCKING_NMI, INTR_INFO_UNBLOCK_NMI, PIN_NMI_EXITING, PIN_VIRTUAL_NMIS, RFLAGS_NT
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from kvmdbg.machine.hw.state import Cpu, Hardware
from support import HOST_CR3, events, flat_descriptors, map_page, new_hardware
from vmx import in_guest

STACK, PAGE = 0x5000, 0x9_0000


def with_frame(*frame: int) -> tuple[Hardware, Cpu]:
    hw = new_hardware()
    map_page(hw, HOST_CR3, STACK, PAGE | P | RW)
    for slot, value in enumerate(frame):
        write64(hw, PAGE + 8 * slot, value)
    cpu = hw.cpus[0]
    cpu.rsp = STACK
    return hw, cpu


def test_it_pops_five_words_and_unblocks_nmis() -> None:
    hw, cpu = with_frame(0x7000, 0x10, 0x246, 0x8000, 0x18)
    cpu.blocking = BLOCKING_NMI
    assert execute(hw, cpu, parse_insn("iret")) == RETIRED
    assert (cpu.rip, cpu.rflags, cpu.rsp, cpu.blocking) == (0x7000, 0x246, 0x8000, 0)
    assert (cpu.descriptors.cs.selector, cpu.descriptors.ss.selector) == (0x10, 0x18)


@pytest.mark.parametrize("frame", [(0x7000, 0, 2, 0, 0), (1 << 60, 0x10, 2, 0, 0)])
def test_a_null_code_segment_and_a_non_canonical_address_fault(frame: tuple[int, ...]) -> None:
    hw, cpu = with_frame(*frame)
    assert execute(hw, cpu, parse_insn("iret")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)] and cpu.rsp == STACK


def test_a_nested_task_faults_and_still_lets_nmis_in() -> None:
    hw, cpu = with_frame(0x7000, 0x10, 2, 0, 0)
    cpu.rflags |= RFLAGS_NT
    cpu.blocking = BLOCKING_NMI
    assert execute(hw, cpu, parse_insn("iret")) == FAULTED and cpu.blocking == 0


def test_other_privilege_levels_are_refused() -> None:
    hw, cpu = with_frame(0x7000, 0x13, 2, 0, 0x1B)
    with pytest.raises(Unsupported, match="another privilege level"):
        execute(hw, cpu, parse_insn("iret"))
    cpu.descriptors = flat_descriptors(3)
    with pytest.raises(Unsupported, match="privilege level 3"):
        execute(hw, cpu, parse_insn("iret"))


def test_an_iret_that_faults_tells_that_it_had_let_nmis_in() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 1 << 14, F.SECONDARY_VM_EXEC_CONTROL: 0})
    cpu.rsp = 0x7FFF_0000
    cpu.blocking = BLOCKING_NMI
    assert execute(hw, cpu, parse_insn("iret")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) & INTR_INFO_UNBLOCK_NMI
    assert vmcs.read(hw, cpu, F.GUEST_INTERRUPTIBILITY_INFO) == 0


def test_an_ept_violation_of_iret_tells_it_in_its_qualification() -> None:
    hw, cpu = in_guest()
    cpu.blocking = BLOCKING_NMI
    assert execute(hw, cpu, parse_insn("iret")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION) >> 12 & 1) == (48, 1)


@pytest.mark.parametrize(("pins", "left"), [(0, 0), (PIN_NMI_EXITING | PIN_VIRTUAL_NMIS, 0), (PIN_NMI_EXITING, BLOCKING_NMI)])
def test_blocking_by_nmi_is_the_hosts_where_nmis_exit_and_are_not_virtual(pins: int, left: int) -> None:
    hw, cpu = in_guest({F.PIN_BASED_VM_EXEC_CONTROL: pins, F.GUEST_INTERRUPTIBILITY_INFO: BLOCKING_NMI})
    cpu.rflags |= RFLAGS_NT
    assert execute(hw, cpu, parse_insn("iret")) == FAULTED and cpu.blocking == left
