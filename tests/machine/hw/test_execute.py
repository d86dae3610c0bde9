"""Execution of one instruction: outcomes, faults, the exception bitmap."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, SEC_ENABLE_VPID
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.events import Faulted, Retired, VmExited
from kvmdbg.machine.hw.execute import ENTERED, EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Cpu, Hardware
from support import events, flat_descriptors
from vmx import GUEST_RIP, HOST_RIP, with_vmcs

NO_EPT = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID}


def in_guest(changes: dict[int, int] | None = None) -> tuple[Hardware, Cpu]:
    """A guest without EPT, so that its page faults are its own."""
    hw, cpu = with_vmcs({**NO_EPT, **(changes or {})})
    assert vm_entry(hw, cpu, launch=True).entered
    return hw, cpu


def test_a_retired_instruction_moves_rip_and_ends_blocking() -> None:
    hw, cpu = in_guest({F.GUEST_RFLAGS: 0x202, F.GUEST_INTERRUPTIBILITY_INFO: 1})
    start = hw.tape.end
    assert execute(hw, cpu, parse_insn("nop")) == RETIRED
    assert (cpu.rip, cpu.blocking) == (GUEST_RIP + 1, 0)
    assert events(hw, start=start) == [Retired(0, "nop")]


def test_a_fault_is_delivered_and_the_instruction_is_over() -> None:
    hw, cpu = in_guest()
    start = hw.tape.end
    assert execute(hw, cpu, parse_insn("load 0x401000")) == FAULTED
    assert (cpu.rip, cpu.cr2) == (GUEST_RIP, 0x40_1000)
    assert events(hw, Faulted, start=start) == [Faulted(0, "#PF", 0, 0x40_1000)]


def test_another_fault_leaves_cr2() -> None:
    hw, cpu = in_guest()
    cpu.cr2 = 0x77
    cpu.descriptors = flat_descriptors(3)
    assert execute(hw, cpu, parse_insn("hlt")) == FAULTED
    assert cpu.cr2 == 0x77


@pytest.mark.parametrize(("bitmap", "mask", "match", "leaves"), [
    (0, 0, 0, False), (1 << 14, 0, 0, True), (1 << 14, 2, 2, True), (1 << 14, 2, 0, False), (0, 2, 0, True), (0, 2, 2, False)])
def test_a_page_fault_leaves_the_guest_by_bitmap_mask_and_match(bitmap: int, mask: int, match: int, leaves: bool) -> None:
    """The access is a write: error code 2."""
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: bitmap, F.PAGE_FAULT_ERROR_CODE_MASK: mask, F.PAGE_FAULT_ERROR_CODE_MATCH: match})
    insn = parse_insn("store 0x401000, 1")
    assert execute(hw, cpu, insn) == (EXITED if leaves else FAULTED)
    if leaves:
        fields = (F.VM_EXIT_REASON, F.EXIT_QUALIFICATION, F.VM_EXIT_INTR_INFO, F.VM_EXIT_INTR_ERROR_CODE)
        assert [vmcs.read(hw, cpu, field) for field in fields] == [0, 0x40_1000, 0x8000_0B0E, 2]
        assert (cpu.cr2, cpu.exit_insn, cpu.rip) == (0, insn, HOST_RIP)


def test_an_intercepted_ud_has_no_error_code() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 1 << 6})
    cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(ar=0xC09B))
    assert execute(hw, cpu, parse_insn("vmxoff")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == 0x8000_0306


def test_a_vm_exit_leaves_rip_at_the_instruction() -> None:
    hw, cpu = in_guest()
    start = hw.tape.end
    insn = parse_insn("cpuid")
    assert execute(hw, cpu, insn) == EXITED
    assert vmcs.read(hw, cpu, F.GUEST_RIP) == GUEST_RIP
    assert cpu.exit_insn == insn
    assert [type(event) for event in events(hw, start=start)] == [VmExited]


def test_faults_in_root_operation_are_the_hosts_own() -> None:
    hw, cpu = with_vmcs({F.EXCEPTION_BITMAP: 0xFFFF_FFFF})
    assert execute(hw, cpu, parse_insn("load 0x401000")) == FAULTED
    assert cpu.cr2 == 0x40_1000


def test_a_vm_entry_leaves_rip_to_the_guest() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmlaunch")) == ENTERED
    assert cpu.rip == GUEST_RIP
    assert not events(hw, Retired)


def test_rewinding_undoes_an_instruction() -> None:
    hw, cpu = in_guest()
    before, start = hw.tape.freeze(), hw.tape.cursor
    execute(hw, cpu, parse_insn("vmcall"))
    after = hw.tape.freeze()
    hw.tape.seek(start)
    assert hw.tape.freeze() == before
    hw.tape.seek(hw.tape.end)
    assert hw.tape.freeze() == after
