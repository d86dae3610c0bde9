"""VMREAD."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed
from kvmdbg.machine.hw.execute import EXITED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events
from vmx import GUEST_CR3, in_guest, in_root, with_vmcs


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
