"""VMREAD."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import RFLAGS_AF, RFLAGS_CF, RFLAGS_PF, RFLAGS_SF, RFLAGS_ZF
from kvmdbg.machine.hw.events import Completed, Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, events, flat_descriptors, map_page
from vmx import GUEST_CR3, SHADOW_REGION, VMREAD_BITMAP, in_guest, in_root, in_shadowing_guest, intercept, with_vmcs


def test_the_field_is_in_rax() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmread guest_cr3")) == RETIRED
    assert cpu.rax == GUEST_CR3
    assert events(hw, Completed) == [Completed(0, "vmread", "VMsucceed", 0)]


def test_the_high_half_of_a_64_bit_field() -> None:
    hw, cpu = with_vmcs({F.TSC_OFFSET: 0x1234_0000_0000})
    execute(hw, cpu, parse_insn("vmread 0x2011"))
    assert cpu.rax == 0x1234


def test_an_encoding_that_no_field_has() -> None:
    hw, cpu = with_vmcs()
    cpu.rax = 7
    execute(hw, cpu, parse_insn("vmread 0x6803"))
    assert cpu.rax == 7
    assert events(hw, Completed) == [Completed(0, "vmread", "VMfailValid", 12)]


def test_without_a_current_vmcs() -> None:
    hw, cpu = in_root()
    execute(hw, cpu, parse_insn("vmread guest_cr3"))
    assert events(hw, Completed) == [Completed(0, "vmread", "VMfailInvalid", 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmread guest_cr3")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 23


def test_the_field_is_in_memory() -> None:
    hw, cpu = with_vmcs()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    assert execute(hw, cpu, parse_insn("vmread guest_cr3, @0x7010")) == RETIRED
    assert (read64(hw, 0x9010), cpu.rax) == (GUEST_CR3, 0)


@pytest.mark.parametrize("flags", [RFLAGS_SF | RFLAGS_AF | RFLAGS_CF, RFLAGS_ZF | RFLAGS_PF | RFLAGS_CF])
@pytest.mark.parametrize(("mapped", "error_code"), [(False, 2), (True, 3)])
def test_memory_that_faults_leaves_the_flags_alone(flags: int, mapped: bool, error_code: int) -> None:
    hw, cpu = with_vmcs()
    if mapped:
        map_page(hw, HOST_CR3, 0x7000, 0x9000 | P)
    cpu.rflags |= flags
    assert execute(hw, cpu, parse_insn("vmread guest_cr3, @0x7000")) == FAULTED
    assert events(hw, Completed, Faulted) == [Faulted(0, "#PF", error_code, 0x7000)]
    assert cpu.rflags & ~2 == flags


def test_an_unknown_field_is_found_before_the_operand() -> None:
    hw, cpu = with_vmcs()
    execute(hw, cpu, parse_insn("vmread 0x6803, @0x7000"))
    assert events(hw, Completed, Faulted) == [Completed(0, "vmread", "VMfailValid", 12)]


@pytest.mark.parametrize(("cpl", "vector"), [(0, ""), (3, "#GP")])
def test_it_is_privileged(cpl: int, vector: str) -> None:
    hw, cpu = in_shadowing_guest(cpl=cpl)
    execute(hw, cpu, parse_insn("vmread guest_cr3"))
    assert [event.vector for event in events(hw, Faulted)] == [vector] * bool(vector)


def test_a_guest_reads_the_shadow_vmcs() -> None:
    hw, cpu = in_shadowing_guest()
    vmcs.put(hw, SHADOW_REGION, F.GUEST_CR3, 0x1234)
    assert execute(hw, cpu, parse_insn("vmread guest_cr3")) == RETIRED
    assert cpu.rax == 0x1234
    execute(hw, cpu, parse_insn("vmread 0x6803"))
    assert [event.error for event in events(hw, Completed)] == [0, 12]
    assert vmcs.read(hw, cpu, F.VM_INSTRUCTION_ERROR) == 12                  # in the current VMCS, not in the shadow


def test_a_guest_exits_where_its_bitmap_says_so() -> None:
    hw, cpu = in_shadowing_guest(cpl=3)
    intercept(hw, VMREAD_BITMAP, F.GUEST_CR3)
    assert execute(hw, cpu, parse_insn("vmread guest_cr3, @0x7008")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (23, 0x7008)
    assert vmcs.read(hw, cpu, F.VMX_INSTRUCTION_INFO) >> 10 & 1 == 0         # memory


def test_a_guest_without_a_shadow_vmcs() -> None:
    hw, cpu = in_shadowing_guest({F.VMCS_LINK_POINTER: 0xFFFF_FFFF_FFFF_FFFF})
    assert execute(hw, cpu, parse_insn("vmread guest_cr3")) == RETIRED
    assert events(hw, Completed) == [Completed(0, "vmread", "VMfailInvalid", 0)]
    assert cpu.rflags & ~2 == RFLAGS_CF


def test_outside_64_bit_mode_there_are_32_bits() -> None:
    hw, cpu = with_vmcs({F.TSC_OFFSET: 0x1234_5678_9ABC})
    segments = flat_descriptors()
    cpu.efer, cpu.descriptors = 0, segments._replace(cs=segments.cs._replace(ar=0xC09B))
    execute(hw, cpu, parse_insn("vmread tsc_offset"))
    assert cpu.rax == 0x5678_9ABC
