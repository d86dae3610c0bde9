"""VM exit: what is recorded, saved, invalidated, loaded."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import SEC_ENABLE_EPT
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.events import Invalidated, VmExited
from kvmdbg.machine.hw.exit import INSTRUCTION_INFO, vm_exit
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import NO_INSN, VMX_ROOT, Cpu, Hardware, Insn
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, NONE, TlbEntry, TlbKey
from support import events
from vmx import GUEST_RIP, HOST_RIP, REGION, with_vmcs

ENTRY = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)
INSTRUCTION_OF = {reason: parse_insn(text) for reason, text in {
    10: "cpuid", 12: "hlt", 14: "invlpg 0", 18: "vmcall", 27: "vmxon 0", 28: "mov cr3, 0",
    40: "pause", 48: "load 0", 53: "invvpid 2"}.items()}
VMCALL = Insn("vmcall", (), "vmcall")


def in_guest(changes: dict[int, int] | None = None) -> tuple[Hardware, Cpu]:
    hw, cpu = with_vmcs(changes)
    assert vm_entry(hw, cpu, launch=True).entered
    return hw, cpu


def test_the_host_runs_and_the_instruction_is_remembered() -> None:
    hw, cpu = in_guest()
    start = hw.tape.end
    vm_exit(hw, cpu, VmExit(18), VMCALL)
    assert hw.tape.event(start) == VmExited(0, REGION, 18, 0)
    assert (cpu.vmx, cpu.vpid, cpu.eptp, cpu.rip, cpu.exit_insn) == (VMX_ROOT, 0, 0, HOST_RIP, VMCALL)
    assert vmcs.read(hw, cpu, F.GUEST_RIP) == GUEST_RIP


def test_an_event_of_its_own_has_no_instruction() -> None:
    hw, cpu = in_guest()
    cpu.exit_insn = VMCALL
    vm_exit(hw, cpu, VmExit(1))
    assert cpu.exit_insn == NO_INSN
    assert vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN) == 0


def test_an_ept_violation_records_both_addresses() -> None:
    hw, cpu = in_guest()
    vm_exit(hw, cpu, VmExit(48, 0x181, gpa=0x5123, gla=0x40_0123), Insn("load", (0x40_0123,), "load 0x400123"))
    fields = (F.VM_EXIT_REASON, F.EXIT_QUALIFICATION, F.GUEST_PHYSICAL_ADDRESS, F.GUEST_LINEAR_ADDRESS, F.VM_EXIT_INTR_INFO)
    assert [vmcs.read(hw, cpu, field) for field in fields] == [48, 0x181, 0x5123, 0x40_0123, 0]


def test_another_exit_leaves_the_addresses_as_they_were() -> None:
    hw, cpu = in_guest({F.GUEST_PHYSICAL_ADDRESS: 0x77})
    vm_exit(hw, cpu, VmExit(10))
    assert vmcs.read(hw, cpu, F.GUEST_PHYSICAL_ADDRESS) == 0x77


@pytest.mark.parametrize(("reason", "length"), [(10, 2), (12, 1), (14, 3), (18, 3), (27, 4), (28, 3), (53, 5), (40, 2), (48, 0),
                                                (52, 0)])
def test_instruction_exits_have_a_length(reason: int, length: int) -> None:
    hw, cpu = in_guest()
    vm_exit(hw, cpu, VmExit(reason), INSTRUCTION_OF.get(reason, NO_INSN))
    assert vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN) == length


@pytest.mark.parametrize("reason", INSTRUCTION_INFO)
def test_instruction_information_names_no_base_and_no_index(reason: int) -> None:
    hw, cpu = in_guest()
    vm_exit(hw, cpu, VmExit(reason))
    info = vmcs.read(hw, cpu, F.VMX_INSTRUCTION_INFO)
    if info >> 10 & 1:
        assert (reason in (23, 25), info >> 3 & 0xF) == (True, 0)                   # register operand RAX
    else:
        assert (info >> 7 & 7, info >> 15 & 7, info >> 22 & 1, info >> 27 & 1) == (2, 3, 1, 1)


def test_an_exception_has_interruption_information() -> None:
    hw, cpu = in_guest()
    vm_exit(hw, cpu, VmExit(0, 0x1234), NO_INSN, 0x8000_0B0E, 5)
    fields = (F.VM_EXIT_INTR_INFO, F.VM_EXIT_INTR_ERROR_CODE, F.EXIT_QUALIFICATION, F.IDT_VECTORING_INFO_FIELD)
    assert [vmcs.read(hw, cpu, field) for field in fields] == [0x8000_0B0E, 5, 0x1234, 0]


def test_the_injected_event_is_over() -> None:
    hw, cpu = in_guest({F.VM_ENTRY_INTR_INFO_FIELD: 0x8000_0202})
    vm_exit(hw, cpu, VmExit(10))
    assert vmcs.read(hw, cpu, F.VM_ENTRY_INTR_INFO_FIELD) == 0x202


@pytest.mark.parametrize("vpid", [True, False])
def test_only_without_a_vpid_is_vpid_0_invalidated(vpid: bool) -> None:
    hw, cpu = in_guest(None if vpid else {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT})
    zero, five = (TlbKey(COMBINED, tag, 0, 0x70, 0, 0x1000) for tag in (0, 5))
    physical = TlbKey(GUEST_PHYSICAL, NONE, NONE, 0x70, 0, 0x1000)
    for key in (zero, five, physical):
        hw.tlb[0][key] = ENTRY
    start = hw.tape.end
    vm_exit(hw, cpu, VmExit(10))
    assert (zero in hw.tlb[0], five in hw.tlb[0], physical in hw.tlb[0]) == (vpid, True, True)
    assert len(events(hw, Invalidated, start=start)) == (0 if vpid else 1)


def test_a_round_trip_writes_only_what_changed() -> None:
    hw, cpu = in_guest()
    vm_exit(hw, cpu, VmExit(10))
    vm_entry(hw, cpu, launch=False)
    before = dict(hw.vmcs.items())
    vm_exit(hw, cpu, VmExit(10))
    assert dict(hw.vmcs.items()) == before
