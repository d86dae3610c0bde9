"""VM entry: order of the checks, what is loaded, what is invalidated, how it fails."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CR0_NE,
    CR0_PE,
    CR0_PG,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    RFLAGS_CF,
    RFLAGS_ZF,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VPID,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.entry import INVALID_GUEST, vm_entry
from kvmdbg.machine.hw.events import Completed, Delivered, Invalidated, VmEntered, VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import ENTERED, EXITED, RETIRED
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.msrs import read_msr
from kvmdbg.machine.hw.state import NO_VMCS, VMX_NON_ROOT, VMX_ROOT
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from support import events
from vmx import CR0, EPTP, GOOD, GUEST_CR3, GUEST_RIP, HOST_RIP, REGION, in_root, with_vmcs

ENTRY = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)
KEYS = (TlbKey(COMBINED, 0, 0, 0x70, 0, 0x1000), TlbKey(COMBINED, 5, 0, 0x70, 0, 0x1000),
        TlbKey(GUEST_PHYSICAL, NONE, NONE, 0x70, 0, 0x1000), TlbKey(LINEAR, 0, 3, NONE, 0, 0x1000))
NO_VPID = {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT}


def test_a_launch_enters_the_guest() -> None:
    hw, cpu = with_vmcs()
    result = vm_entry(hw, cpu, launch=True)
    assert (result.entered, result.outcome, result.check) == (True, ENTERED, "")
    assert (cpu.vmx, cpu.vpid, cpu.eptp) == (VMX_NON_ROOT, 5, EPTP)
    assert (cpu.cr3, cpu.rip) == (GUEST_CR3, GUEST_RIP)
    assert hw.launch_state[REGION] == "launched"
    assert events(hw) == [VmEntered(0, REGION, 5, EPTP)]


def test_the_event_comes_before_every_change() -> None:
    hw, cpu = with_vmcs(NO_VPID)
    start = hw.tape.end
    vm_entry(hw, cpu, launch=True)
    assert isinstance(hw.tape.event(start), VmEntered)


def test_with_a_vpid_nothing_is_invalidated() -> None:
    hw, cpu = with_vmcs()
    for key in KEYS:
        hw.tlb[0][key] = ENTRY
    vm_entry(hw, cpu, launch=True)
    assert tuple(hw.tlb[0]) == tuple(sorted(KEYS))


def test_without_a_vpid_vpid_0_is_invalidated_and_nothing_else() -> None:
    hw, cpu = with_vmcs(NO_VPID)
    for key in KEYS:
        hw.tlb[0][key] = ENTRY
    vm_entry(hw, cpu, launch=True)
    assert tuple(hw.tlb[0]) == (KEYS[1], KEYS[2])
    assert cpu.vpid == 0
    flush = events(hw, Invalidated)
    assert [(event.by, event.vpid, event.dropped) for event in flush if isinstance(event, Invalidated)] == [
        ("vm entry", 0, (KEYS[0], KEYS[3]))]


def test_without_ept_no_eptp_is_in_use() -> None:
    hw, cpu = with_vmcs({F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID})
    vm_entry(hw, cpu, launch=True)
    assert (cpu.vpid, cpu.eptp) == (5, 0)


def test_without_a_current_vmcs() -> None:
    hw, cpu = in_root()
    result = vm_entry(hw, cpu, launch=True)
    assert (result.entered, result.failed_invalid, result.error, result.exit_reason) == (False, True, 0, 0)
    assert result.outcome == RETIRED
    assert cpu.rflags & RFLAGS_CF
    assert events(hw) == [VmEntryFailed(0, NO_VMCS, 0, result.check), Completed(0, "vmlaunch", "VMfailInvalid", 0)]


@pytest.mark.parametrize(("launch", "state", "error"), [(True, "launched", 4), (False, "clear", 5)])
def test_the_launch_state_must_fit(launch: bool, state: str, error: int) -> None:
    hw, cpu = with_vmcs({F.VIRTUAL_PROCESSOR_ID: 0})
    hw.launch_state[REGION] = state
    result = vm_entry(hw, cpu, launch)
    assert (result.error, result.outcome) == (error, RETIRED)
    assert cpu.rflags & RFLAGS_ZF
    assert vmcs.read(hw, cpu, F.VM_INSTRUCTION_ERROR) == error
    assert cpu.vmx == VMX_ROOT


def test_a_region_that_was_never_cleared_can_neither_be_launched_nor_resumed() -> None:
    hw, cpu = with_vmcs()
    del hw.launch_state[REGION]
    assert [vm_entry(hw, cpu, launch).error for launch in (True, False)] == [4, 5]


@pytest.mark.parametrize(("blocking", "changes", "error"), [
    (2, {F.VIRTUAL_PROCESSOR_ID: 0}, 26), (0, {F.VIRTUAL_PROCESSOR_ID: 0, F.HOST_CR3: 1 << 63}, 7),
    (0, {F.HOST_CR3: 1 << 63, F.GUEST_CR3: 1 << 63}, 8)])
def test_failures_come_in_the_order_of_the_manual(blocking: int, changes: dict[int, int], error: int) -> None:
    hw, cpu = with_vmcs(changes)
    cpu.blocking = blocking
    assert vm_entry(hw, cpu, launch=True).error == error


def test_mov_ss_comes_before_the_launch_state() -> None:
    hw, cpu = with_vmcs()
    cpu.blocking = 2
    assert vm_entry(hw, cpu, launch=False).error == 26


def test_bad_guest_state_is_a_failed_entry_that_ends_in_the_host() -> None:
    hw, cpu = with_vmcs({F.VMCS_LINK_POINTER: 0x9000, F.VM_EXIT_INTR_INFO: 7})
    guest_rsp = vmcs.read(hw, cpu, F.GUEST_RSP)
    cpu.rsp = 0x6666
    result = vm_entry(hw, cpu, launch=True)
    assert (result.exit_reason, result.error, result.outcome) == (33 | 1 << 31, 0, EXITED)
    assert (cpu.vmx, cpu.rip) == (VMX_ROOT, HOST_RIP)
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == INVALID_GUEST
    assert vmcs.read(hw, cpu, F.EXIT_QUALIFICATION) == 4
    assert (vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO), vmcs.read(hw, cpu, F.GUEST_RSP)) == (7, guest_rsp)
    assert hw.launch_state[REGION] == "clear"
    assert events(hw) == [VmEntryFailed(0, REGION, INVALID_GUEST, result.check)]
    assert "VMCS_LINK_POINTER = 0x9000: must" in result.check


def test_a_failed_entry_invalidates_nothing() -> None:
    hw, cpu = with_vmcs({**NO_VPID, F.GUEST_CR3: 1 << 63})
    for key in KEYS:
        hw.tlb[0][key] = ENTRY
    vm_entry(hw, cpu, launch=True)
    assert tuple(hw.tlb[0]) == tuple(sorted(KEYS))


@pytest.mark.parametrize(("info", "length", "event"), [
    (0x8000_0B0E, 0, Delivered(0, 14, 3, 2)), (0x8000_0202, 0, Delivered(0, 2, 2, 0)), (0x8000_0480, 2, Delivered(0, 128, 4, 0))])
def test_a_valid_event_is_delivered(info: int, length: int, event: Delivered) -> None:
    hw, cpu = with_vmcs({F.VM_ENTRY_INTR_INFO_FIELD: info, F.VM_ENTRY_EXCEPTION_ERROR_CODE: 2, F.VM_ENTRY_INSTRUCTION_LEN: length})
    vm_entry(hw, cpu, launch=True)
    assert events(hw)[1:] == [event]


def test_an_event_wakes_a_halted_guest() -> None:
    hw, cpu = with_vmcs({F.VM_ENTRY_INTR_INFO_FIELD: 0x8000_0202, F.GUEST_ACTIVITY_STATE: 1})
    vm_entry(hw, cpu, launch=True)
    assert cpu.activity == 0


PAE_GUEST = {F.VM_ENTRY_CONTROLS: GOOD[F.VM_ENTRY_CONTROLS] & ~(ENTRY_IA32E_MODE | ENTRY_LOAD_IA32_EFER), F.GUEST_CR3: 0x6020,
             F.GUEST_PDPTR0: 0xA001, F.GUEST_PDPTR3: 0xFFFF_FFFF_FFFF_FFFE}


def test_a_pae_guest_with_ept_gets_its_pdptes_from_the_vmcs() -> None:
    hw, cpu = with_vmcs(PAE_GUEST)
    write64(hw, 0x6020, 0xB001)
    assert vm_entry(hw, cpu, launch=True).entered
    assert cpu.pdptes == (0xA001, 0, 0, 0xFFFF_FFFF_FFFF_FFFE)


def test_a_pae_guest_without_ept_gets_its_pdptes_from_memory() -> None:
    hw, cpu = with_vmcs({**PAE_GUEST, F.SECONDARY_VM_EXEC_CONTROL: 0})
    write64(hw, 0x6020, 0xB001)
    assert vm_entry(hw, cpu, launch=True).entered
    assert cpu.pdptes == (0xB001, 0, 0, 0)


@pytest.mark.parametrize("changes", [{F.GUEST_PDPTR1: 0xA003}, {F.SECONDARY_VM_EXEC_CONTROL: 0}], ids=["EPT", "no EPT"])
def test_pdptes_that_cannot_be_loaded_fail_the_entry_with_qualification_2(changes: dict[int, int]) -> None:
    hw, cpu = with_vmcs({**PAE_GUEST, **changes})
    write64(hw, 0x6028, 0xB003)
    result = vm_entry(hw, cpu, launch=True)
    assert result.exit_reason == INVALID_GUEST
    assert vmcs.read(hw, cpu, F.EXIT_QUALIFICATION) == 2


def test_an_msr_area_of_undefined_length_is_refused_before_anything_changes() -> None:
    hw, cpu = with_vmcs({F.VM_EXIT_MSR_LOAD_COUNT: 513})
    start = hw.tape.end
    with pytest.raises(Unsupported, match="VM_EXIT_MSR_LOAD_COUNT = 513: behaviour is undefined above 512"):
        vm_entry(hw, cpu, launch=True)
    assert hw.tape.end == start


def test_the_entry_fails_at_the_first_msr_that_cannot_be_loaded() -> None:
    hw, cpu = with_vmcs({F.VM_ENTRY_MSR_LOAD_COUNT: 3, F.VM_ENTRY_MSR_LOAD_ADDR: 0x9000, F.VM_EXIT_MSR_LOAD_COUNT: 1,
                         F.VM_EXIT_MSR_LOAD_ADDR: 0xA000})
    for address, value in ((0x9000, 0xC000_0102), (0x9008, 0x1234), (0x9010, 0x11), (0xA000, 0xC000_0084), (0xA008, 7)):
        write64(hw, address, value)
    result = vm_entry(hw, cpu, launch=True)
    assert (result.entered, result.exit_reason, result.outcome) == (False, 0x8000_0022, "exited")
    assert result.check.startswith("VM_ENTRY_MSR_LOAD entry 2, MSR 0x11, must be a register that takes the value 0x0")
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (0x8000_0022, 2)
    assert not events(hw, VmEntered) and cpu.rip == HOST_RIP and cpu.vmx == "root"
    assert (read_msr(hw, cpu, 0xC000_0102), read_msr(hw, cpu, 0xC000_0084)) == (0x1234, 7)     # the host's is there too


def test_registers_of_the_area_go_over_those_of_the_guest_state() -> None:
    hw, cpu = with_vmcs({F.VM_ENTRY_MSR_LOAD_COUNT: 1, F.VM_ENTRY_MSR_LOAD_ADDR: 0x9000, F.GUEST_SYSENTER_CS: 8})
    write64(hw, 0x9000, 0x174)
    write64(hw, 0x9008, 0x33)
    assert vm_entry(hw, cpu, launch=True).entered
    assert cpu.descriptors.sysenter_cs == 0x33 and len(events(hw, VmEntered)) == 1


def test_an_unrestricted_guest_without_paging_enters() -> None:
    hw, cpu = with_vmcs({F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST, F.GUEST_CR0: CR0_NE,
                         F.VM_ENTRY_CONTROLS: 0})
    assert vm_entry(hw, cpu, launch=True).entered
    assert not cpu.cr0 & (CR0_PE | CR0_PG)
    assert CR0 & CR0_PG


def test_a_shadow_vmcs_cannot_be_entered() -> None:
    hw, cpu = with_vmcs()
    write64(hw, REGION, vmcs.VMCS_REVISION | vmcs.SHADOW_INDICATOR)
    result = vm_entry(hw, cpu, launch=True)
    assert (result.entered, result.failed_invalid) == (False, True)
    assert result.check == "the current VMCS is a shadow VMCS (SDM Vol. 3C 26.1)"
