"""INVPCID."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_INVLPG_EXITING,
    CPU_SECONDARY_CONTROLS,
    CR4_PCIDE,
    CR4_PGE,
    SEC_ENABLE_EPT,
    SEC_ENABLE_INVPCID,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.events import Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, G, P
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from support import HOST_CR3, events, flat_descriptors, map_page, new_hardware
from vmx import in_guest

A, B, KERNEL = 0x40_1000, 0x40_2000, 0x40_3000


def filled() -> tuple[Hardware, Cpu]:
    """PCIDs 3 and 4 have cached A and B, and a global page."""
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.cr4 |= CR4_PCIDE | CR4_PGE
    for la, flags in ((A, 0), (B, 0), (KERNEL, G)):
        map_page(hw, HOST_CR3, la, 0x9000 | P | RW | flags)
    for pcid in (3, 4):
        cpu.cr3 = HOST_CR3 | pcid
        for la in (A, B, KERNEL):
            execute(hw, cpu, parse_insn(f"load {la}"))
    return hw, cpu


def left(hw: Hardware) -> list[tuple[int, int]]:
    return [(key.pcid, key.page) for key in sorted(hw.tlb[0])]


ALL = [(-2, KERNEL), (3, A), (3, B), (4, A), (4, B)]


@pytest.mark.parametrize(("text", "gone"), [
    (f"individual-address, 3, {A + 0x123:#x}", [(3, A)]), (f"0, 3, {KERNEL:#x}", []), ("single-context 3", [(3, A), (3, B)]),
    ("all-context-including-globals", ALL), ("2, 0xfff", ALL), ("all-context", ALL[1:]), ("1, 7", [])])
def test_what_each_type_forgets(text: str, gone: list[tuple[int, int]]) -> None:
    hw, cpu = filled()
    assert left(hw) == ALL
    assert execute(hw, cpu, parse_insn(f"invpcid {text}")) == RETIRED
    assert left(hw) == [entry for entry in ALL if entry not in gone]


def test_the_descriptor_may_lie_in_memory() -> None:
    hw, cpu = filled()
    write64(hw, 0x9010, 3)
    write64(hw, 0x9018, A)
    assert execute(hw, cpu, parse_insn(f"invpcid 0, @{A + 0x10:#x}")) == RETIRED
    assert (3, A) not in left(hw) and (4, B) in left(hw)


@pytest.mark.parametrize(("text", "pcide"), [
    ("4, 3", True), ("1, 0x1003", True), ("3, 0x1000", True), ("0, 3, 0x800000000000", True), ("1, 3", False), ("0, 3, 0", False)])
def test_an_illegal_type_or_descriptor_is_gp(text: str, pcide: bool) -> None:
    hw, cpu = filled()
    if not pcide:
        cpu.cr4 &= ~CR4_PCIDE
    before = left(hw)
    assert execute(hw, cpu, parse_insn(f"invpcid {text}")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)] and left(hw) == before


@pytest.mark.parametrize("text", ["1, 0", "0, 0, 0x401000", "2, 3", "3, 3"])
def test_without_pcids_only_pcid_0_can_be_named(text: str) -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn(f"invpcid {text}")) == RETIRED
    assert len(events(hw, Invalidated)) == 1


def guest(secondary: int = SEC_ENABLE_INVPCID, primary: int = 0, cpl: int = 0) -> tuple[Hardware, Cpu]:
    return in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS | primary,
                     F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID | SEC_ENABLE_EPT | secondary}, cpl)


def test_a_guest_acts_on_its_own_vpid() -> None:
    hw, cpu = guest()
    assert execute(hw, cpu, parse_insn("invpcid all-context")) == RETIRED
    assert events(hw, Invalidated) == [Invalidated(0, "invpcid", "all-context", 5, -1, -1, -1, ())]


def test_with_invlpg_exiting_it_exits_with_the_operand_described() -> None:
    hw, cpu = guest(primary=CPU_INVLPG_EXITING)
    assert execute(hw, cpu, parse_insn("invpcid 9, @0x5550")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (58, 0x5550)
    assert vmcs.read(hw, cpu, F.VMX_INSTRUCTION_INFO) >> 28 == 1


@pytest.mark.parametrize(("secondary", "primary", "cpl", "vector"), [
    (0, CPU_INVLPG_EXITING, 3, "#UD"), (SEC_ENABLE_INVPCID, CPU_INVLPG_EXITING, 3, "#GP")])
def test_the_order_of_the_tests(secondary: int, primary: int, cpl: int, vector: str) -> None:
    hw, cpu = guest(secondary, primary, cpl)
    assert execute(hw, cpu, parse_insn("invpcid 2")) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == [vector]


def test_a_processor_may_lack_it() -> None:
    hw = new_hardware(Caps(invpcid=False))
    hw.cpus[0].descriptors = flat_descriptors(3)
    assert execute(hw, hw.cpus[0], parse_insn("invpcid 2")) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#UD"]


@pytest.mark.parametrize(("text", "words"), [
    ("invpcid single-context", "PCID.*is missing"), ("invpcid 0, @0x1000, 0x2000", "holds the linear address already"),
    ("invpcid sometimes", "INVPCID type")])
def test_a_mistake_in_writing_it_is_told(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        parse_insn(text)
