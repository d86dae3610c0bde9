"""VMWRITE."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.paging import RW, P
from kvmdbg.machine.hw.state import Caps
from support import HOST_CR3, events, map_page
from vmx import SHADOW_REGION, VMWRITE_BITMAP, in_guest, in_root, in_shadowing_guest, intercept, with_vmcs


def test_the_field_is_written_to_its_width_and_nothing_is_invalidated() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmwrite virtual_processor_id, 0x10009")) == RETIRED
    assert vmcs.read(hw, cpu, F.VIRTUAL_PROCESSOR_ID) == 9
    assert events(hw, Completed, Invalidated) == [Completed(0, "vmwrite", "VMsucceed", 0)]


def test_exit_information_is_a_field_like_any_other() -> None:
    hw, cpu = with_vmcs()
    execute(hw, cpu, parse_insn("vmwrite vm_exit_reason, 7"))
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), events(hw, Completed)) == (7, [Completed(0, "vmwrite", "VMsucceed", 0)])


@pytest.mark.parametrize(("field", "error"), [("0x6803", 12), ("0x3fff", 12), ("0xffffffff", 12), ("0x24fe", 12),
                                              ("vm_exit_reason", 13), ("0x2401", 13)])
def test_failures(field: str, error: int) -> None:
    hw, cpu = with_vmcs(caps=Caps(vmwrite_any_field=False))
    execute(hw, cpu, parse_insn(f"vmwrite {field}, 1"))
    assert events(hw, Completed) == [Completed(0, "vmwrite", "VMfailValid", error)]


def test_without_a_current_vmcs() -> None:
    hw, cpu = in_root()
    execute(hw, cpu, parse_insn("vmwrite guest_cr3, 1"))
    assert events(hw, Completed) == [Completed(0, "vmwrite", "VMfailInvalid", 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmwrite guest_cr3, 1")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 25


def test_the_value_is_in_memory() -> None:
    hw, cpu = with_vmcs()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    write64(hw, 0x9010, 0x1_2345)
    assert execute(hw, cpu, parse_insn("vmwrite virtual_processor_id, @0x7010")) == RETIRED
    assert vmcs.read(hw, cpu, F.VIRTUAL_PROCESSOR_ID) == 0x2345


def test_memory_that_faults_leaves_the_field_and_the_flags_alone() -> None:
    hw, cpu = with_vmcs()
    cpu.rflags |= 0x91
    assert execute(hw, cpu, parse_insn("vmwrite virtual_processor_id, @0x7000")) == FAULTED
    assert events(hw, Completed, Faulted) == [Faulted(0, "#PF", 0, 0x7000)]
    assert (vmcs.read(hw, cpu, F.VIRTUAL_PROCESSOR_ID), cpu.rflags) == (5, 0x93)


@pytest.mark.parametrize(("field", "intercepted", "outcome"), [
    ("guest_cr3", False, RETIRED), ("guest_cr3", True, EXITED), ("vm_exit_reason", False, RETIRED)])
def test_a_guest_writes_the_shadow_vmcs(field: str, intercepted: bool, outcome: str) -> None:
    hw, cpu = in_shadowing_guest()
    insn = parse_insn(f"vmwrite {field}, 0x9000")
    if intercepted:
        intercept(hw, VMWRITE_BITMAP, insn.operands[0])
    assert execute(hw, cpu, insn) == outcome
    assert vmcs.peek(hw, SHADOW_REGION, insn.operands[0]) == (0 if intercepted else 0x9000)


def test_a_guest_without_a_shadow_vmcs() -> None:
    hw, cpu = in_shadowing_guest({F.VMCS_LINK_POINTER: 0xFFFF_FFFF_FFFF_FFFF})
    execute(hw, cpu, parse_insn("vmwrite guest_cr3, @0x7000"))
    assert events(hw, Completed, Faulted) == [Completed(0, "vmwrite", "VMfailInvalid", 0)]
