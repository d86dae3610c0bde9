"""Guest state: what VM entry loads and VM exit saves."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import guest_state, vmcs
from kvmdbg.machine.hw.controls import (
    CR0_CD,
    CR0_PG,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_DEBUG_CONTROLS,
    ENTRY_LOAD_IA32_PAT,
    EXIT_SAVE_DEBUG_CONTROLS,
    EXIT_SAVE_IA32_EFER,
    EXIT_SAVE_IA32_PAT,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.segment_checks import DS
from kvmdbg.machine.hw.state import Caps, Descriptors, Segment
from vmx import CR0, GOOD, LONG_EFER, in_guest, reader, with_vmcs


def test_vm_entry_loads_the_registers() -> None:
    hw, cpu = with_vmcs({F.GUEST_IDTR_BASE: 0x1234, F.GUEST_INTERRUPTIBILITY_INFO: 8, F.GUEST_ACTIVITY_STATE: 1})
    guest_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.cr3, cpu.rip, cpu.rsp, cpu.rflags, cpu.efer) == (0x2000, 0x1_0000, 0x9000, 2, LONG_EFER)
    assert (cpu.blocking, cpu.activity) == (8, 1)
    assert cpu.descriptors.tr == Segment(0x40, 0, 0x67, 0x8B)
    assert cpu.descriptors.idtr_base == 0x1234


def test_names_are_in_the_order_of_the_descriptors() -> None:
    assert (*guest_state.SEGMENTS, *guest_state.TABLES) == Descriptors._fields


def test_cache_bits_of_cr0_are_not_loaded() -> None:
    hw, cpu = with_vmcs({F.GUEST_CR0: CR0})
    cpu.cr0 |= CR0_CD
    guest_state.load(hw, cpu, reader(hw, cpu))
    assert cpu.cr0 == CR0 | CR0_CD


@pytest.mark.parametrize(("entry", "cr0", "before", "after"), [
    (ENTRY_IA32E_MODE, CR0, EFER_NXE, EFER_NXE | EFER_LMA | EFER_LME), (0, CR0 & ~CR0_PG, LONG_EFER, EFER_NXE | EFER_LME),
    (0, CR0, LONG_EFER, EFER_NXE)])
def test_efer_without_its_load_control_follows_ia32e_mode(entry: int, cr0: int, before: int, after: int) -> None:
    hw, cpu = with_vmcs({F.VM_ENTRY_CONTROLS: entry, F.GUEST_CR0: cr0})
    cpu.efer = before
    guest_state.load(hw, cpu, reader(hw, cpu))
    assert cpu.efer == after


def test_debug_controls_and_pat_have_load_controls() -> None:
    fields = {F.GUEST_DR7: 0x401, F.GUEST_IA32_DEBUGCTL: 1, F.GUEST_IA32_PAT: 6}
    hw, cpu = with_vmcs(fields)
    before = (cpu.dr7, cpu.debugctl, cpu.pat)
    guest_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.dr7, cpu.debugctl, cpu.pat) == before
    vmcs.write(hw, cpu, F.VM_ENTRY_CONTROLS, GOOD[F.VM_ENTRY_CONTROLS] | ENTRY_LOAD_DEBUG_CONTROLS | ENTRY_LOAD_IA32_PAT)
    guest_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.dr7, cpu.debugctl, cpu.pat) == (0x401, 1, 6)


def test_what_was_loaded_and_not_changed_costs_no_write() -> None:
    hw, cpu = with_vmcs()
    guest_state.load(hw, cpu, reader(hw, cpu))
    start = hw.tape.end
    guest_state.save(hw, cpu)
    assert hw.tape.end == start


def test_vm_exit_saves_what_changed() -> None:
    hw, cpu = with_vmcs()
    guest_state.load(hw, cpu, reader(hw, cpu))
    cpu.cr3, cpu.rip, cpu.blocking = 0x6000, 0x1_0003, 8
    cpu.descriptors = cpu.descriptors._replace(ds=Segment(0, 1, 2, 0x1_0000), gdtr_base=0x77)
    guest_state.save(hw, cpu)
    read = reader(hw, cpu)
    assert [read(field) for field in (F.GUEST_CR3, F.GUEST_RIP, F.GUEST_INTERRUPTIBILITY_INFO, F.GUEST_GDTR_BASE)] == [
        0x6000, 0x1_0003, 8, 0x77]
    assert [read(field) for field in DS[1:] if isinstance(field, int)] == [0, 1, 2, 0x1_0000]


@pytest.mark.parametrize("saves", [False, True])
def test_msrs_and_debug_registers_have_save_controls(saves: bool) -> None:
    controls = EXIT_SAVE_DEBUG_CONTROLS | EXIT_SAVE_IA32_PAT | EXIT_SAVE_IA32_EFER if saves else 0
    hw, cpu = with_vmcs({F.VM_EXIT_CONTROLS: controls, F.GUEST_IA32_EFER: 0})
    cpu.dr7, cpu.debugctl, cpu.pat = 0x402, 2, 7
    guest_state.save(hw, cpu)
    values = [vmcs.read(hw, cpu, field) for field in (F.GUEST_DR7, F.GUEST_IA32_DEBUGCTL, F.GUEST_IA32_PAT, F.GUEST_IA32_EFER)]
    assert values == ([0x402, 2, 7, cpu.efer] if saves else [0, 0, 0, 0])


@pytest.mark.parametrize(("unrestricted", "ia32e"), [(True, 0), (False, ENTRY_IA32E_MODE)])
def test_the_ia32e_control_follows_the_guest_that_can_leave_the_mode(unrestricted: bool, ia32e: int) -> None:
    hw, cpu = with_vmcs(caps=Caps(unrestricted_guest=unrestricted))
    cpu.efer = EFER_NXE
    guest_state.save(hw, cpu)
    assert vmcs.read(hw, cpu, F.VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE == ia32e


PAE = {F.VM_ENTRY_CONTROLS: GOOD[F.VM_ENTRY_CONTROLS] & ~ENTRY_IA32E_MODE, F.GUEST_IA32_EFER: EFER_NXE}


def test_the_pdptes_of_pae_paging_under_ept_are_saved() -> None:
    hw, cpu = in_guest({**PAE, F.GUEST_PDPTR1: 0xA001})
    assert cpu.pdptes == (0, 0xA001, 0, 0)
    cpu.pdptes = (0xB001, 0, 0, 0xC001)
    guest_state.save(hw, cpu)
    assert [vmcs.read(hw, cpu, field) for field in guest_state.PDPTES] == [0xB001, 0, 0, 0xC001]


@pytest.mark.parametrize("changes", [{}, {**PAE, F.SECONDARY_VM_EXEC_CONTROL: 0}], ids=["four levels", "no EPT"])
def test_otherwise_their_fields_keep_what_they_hold(changes: dict[int, int]) -> None:
    hw, cpu = in_guest({**changes, F.GUEST_PDPTR1: 0xA001})
    cpu.pdptes = (0xB001, 0, 0, 0)
    guest_state.save(hw, cpu)
    assert [vmcs.read(hw, cpu, field) for field in guest_state.PDPTES] == [0, 0xA001, 0, 0]
