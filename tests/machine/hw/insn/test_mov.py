"""MOV to and from control registers."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_CR3_LOAD_EXITING,
    CPU_CR3_STORE_EXITING,
    CPU_SECONDARY_CONTROLS,
    CR0_CD,
    CR0_ET,
    CR0_NE,
    CR0_NW,
    CR0_PE,
    CR0_PG,
    CR0_WP,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PSE,
    CR4_SMEP,
    CR4_VMXE,
    EFER_LMA,
    EFER_LME,
    SEC_ENABLE_EPT,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.events import Faulted, Invalidated, Referenced
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from support import events, flat_descriptors, new_hardware
from vmx import CR0, GUEST_CR3, in_guest, in_root

UNRESTRICTED = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS,
                F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST}


def mov(hw: Hardware, cpu: Cpu, register: str, value: int) -> str:
    return execute(hw, cpu, parse_insn(f"mov {register}, {value:#x}"))


def qualification(hw: Hardware, cpu: Cpu) -> tuple[int, int]:
    return vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)


# -- plain ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("register", ["cr0", "cr2", "cr3", "cr4"])
def test_a_register_is_read_into_rax(register: str) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.cr2 = 0x77
    assert execute(hw, cpu, parse_insn(f"mov rax, {register}")) == RETIRED
    assert cpu.rax == getattr(cpu, register)


@pytest.mark.parametrize(("register", "value"), [("cr0", CR0 & ~CR0_WP), ("cr2", 0x1234), ("cr3", 0x5018),
                                                 ("cr4", CR4_PAE | CR4_PGE)])
def test_a_register_is_written(register: str, value: int) -> None:
    hw = new_hardware()
    assert mov(hw, hw.cpus[0], register, value) == RETIRED
    assert getattr(hw.cpus[0], register) == value


def test_it_is_privileged() -> None:
    hw = new_hardware()
    hw.cpus[0].descriptors = flat_descriptors(3)
    assert mov(hw, hw.cpus[0], "cr3", 0x5000) == FAULTED
    assert execute(hw, hw.cpus[0], parse_insn("mov rax, cr3")) == FAULTED


# -- CR3 ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("pcide", "value", "stored"), [
    (False, 0x5000, 0x5000), (False, 1 << 63 | 0x5000, None), (True, 1 << 63 | 0x5003, 0x5003), (True, 1 << 46, None)])
def test_cr3_has_the_width_of_the_processor_and_bit_63_is_never_stored(pcide: bool, value: int, stored: int | None) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.cr4 |= CR4_PCIDE if pcide else 0
    before = cpu.cr3
    assert mov(hw, cpu, "cr3", value) == (FAULTED if stored is None else RETIRED)
    assert cpu.cr3 == (before if stored is None else stored)


@pytest.mark.parametrize(("value", "flushes"), [(0x5003, 1), (1 << 63 | 0x5003, 0)])
def test_cr3_bit_63_asks_for_no_invalidation(value: int, flushes: int) -> None:
    hw = new_hardware()
    hw.cpus[0].cr4 |= CR4_PCIDE
    mov(hw, hw.cpus[0], "cr3", value)
    assert len(events(hw, Invalidated)) == flushes


# -- CR4 ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("value", "flushes"), [(CR4_PAE | CR4_PGE, 1), (CR4_PAE | CR4_SMEP, 1), (CR4_PAE | CR4_PCIDE, 0)])
def test_cr4_invalidates_for_some_bits(value: int, flushes: int) -> None:
    hw = new_hardware()
    assert mov(hw, hw.cpus[0], "cr4", value) == RETIRED
    assert len(events(hw, Invalidated)) == flushes


@pytest.mark.parametrize(("value", "cr3", "efer", "caps"), [
    (CR4_PAE | CR4_LA57, 0x1000, None, Caps()), (0, 0x1000, None, Caps()), (CR4_PAE | CR4_PCIDE, 0x1018, None, Caps()),
    (CR4_PAE | CR4_PCIDE, 0x1000, 0, Caps()), (CR4_PAE | CR4_PCIDE, 0x1000, None, Caps(pcid=False))],
    ids=["not offered", "PAE cleared in IA-32e mode", "PCIDE with a PCID", "PCIDE outside IA-32e mode", "no PCIDs"])
def test_cr4_refuses(value: int, cr3: int, efer: int | None, caps: Caps) -> None:
    hw = new_hardware(caps)
    cpu = hw.cpus[0]
    cpu.cr3 = cr3
    cpu.efer = cpu.efer if efer is None else efer
    before = cpu.cr4
    assert mov(hw, cpu, "cr4", value) == FAULTED
    assert cpu.cr4 == before


def test_vmxe_stays_set_in_vmx_operation() -> None:
    hw, cpu = in_root()
    assert mov(hw, cpu, "cr4", CR4_PAE) == FAULTED
    assert mov(hw, cpu, "cr4", CR4_PAE | CR4_VMXE | CR4_PGE) == RETIRED


# -- CR0 ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("value", [CR0_PG | CR0_NE, CR0 | 1 << 32, CR0 | CR0_NW, CR0 & ~CR0_PG],
                         ids=["PG without PE", "high bits", "NW without CD", "PG cleared in 64-bit mode"])
def test_cr0_refuses(value: int) -> None:
    hw = new_hardware()
    assert mov(hw, hw.cpus[0], "cr0", value) == FAULTED


def test_cr0_et_stays_set() -> None:
    hw = new_hardware()
    assert mov(hw, hw.cpus[0], "cr0", CR0 & ~CR0_ET | CR0_CD) == RETIRED
    assert hw.cpus[0].cr0 == CR0 | CR0_CD


def compatibility(cpu: Cpu) -> None:
    cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(ar=0xC09B))


def test_clearing_pg_leaves_ia32e_mode_and_invalidates_and_setting_it_enters_again() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    compatibility(cpu)
    assert mov(hw, cpu, "cr0", CR0 & ~CR0_PG) == RETIRED
    assert cpu.efer & (EFER_LMA | EFER_LME) == EFER_LME
    assert len(events(hw, Invalidated)) == 1
    assert mov(hw, cpu, "cr0", CR0) == RETIRED
    assert cpu.efer & EFER_LMA


def test_pg_cannot_be_cleared_with_pcids_nor_set_without_pae() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    compatibility(cpu)
    cpu.cr4 |= CR4_PCIDE
    assert mov(hw, cpu, "cr0", CR0 & ~CR0_PG) == FAULTED
    cpu.cr4 &= ~CR4_PCIDE
    assert mov(hw, cpu, "cr0", CR0 & ~CR0_PG) == RETIRED
    cpu.cr4 &= ~CR4_PAE
    assert mov(hw, cpu, "cr0", CR0) == FAULTED


@pytest.mark.parametrize("unrestricted", [True, False])
def test_a_guest_without_paging_must_be_unrestricted(unrestricted: bool) -> None:
    hw, cpu = in_guest(UNRESTRICTED if unrestricted else None)
    compatibility(cpu)
    assert mov(hw, cpu, "cr0", CR0 & ~(CR0_PG | CR0_PE)) == (RETIRED if unrestricted else FAULTED)


def test_the_root_keeps_the_fixed_bits() -> None:
    hw, cpu = in_root()
    assert mov(hw, cpu, "cr0", CR0 & ~CR0_NE) == FAULTED


# -- masks and VM exits -----------------------------------------------------------------------------------------------------

MASKED = {F.CR0_GUEST_HOST_MASK: CR0_WP, F.CR0_READ_SHADOW: 0, F.CR4_GUEST_HOST_MASK: CR4_VMXE, F.CR4_READ_SHADOW: 0}


def test_a_guest_reads_host_owned_bits_from_the_shadow() -> None:
    hw, cpu = in_guest(MASKED)
    execute(hw, cpu, parse_insn("mov rax, cr0"))
    assert cpu.rax == CR0 & ~CR0_WP
    execute(hw, cpu, parse_insn("mov rax, cr4"))
    assert cpu.rax == CR4_PAE


def test_a_write_that_agrees_with_the_shadow_changes_guest_bits_only() -> None:
    hw, cpu = in_guest(MASKED)
    assert mov(hw, cpu, "cr4", CR4_PAE | CR4_PGE) == RETIRED
    assert cpu.cr4 == CR4_PAE | CR4_PGE | CR4_VMXE
    assert mov(hw, cpu, "cr0", CR0 & ~CR0_WP) == RETIRED
    assert cpu.cr0 == CR0


@pytest.mark.parametrize(("register", "value", "expected"), [("cr0", CR0, (28, 0)), ("cr4", CR4_PAE | CR4_VMXE, (28, 4))])
def test_a_write_that_differs_from_the_shadow_exits(register: str, value: int, expected: tuple[int, int]) -> None:
    hw, cpu = in_guest(MASKED)
    assert mov(hw, cpu, register, value) == EXITED
    assert qualification(hw, cpu) == expected


def test_the_exit_comes_before_the_fault_of_a_bad_value() -> None:
    hw, cpu = in_guest(MASKED)
    assert mov(hw, cpu, "cr4", CR4_VMXE | CR4_LA57) == EXITED


@pytest.mark.parametrize(("count", "value", "leaves"), [(0, 0x5000, True), (1, 0x5000, False), (1, 0x6000, True),
                                                        (2, 0x6000, False)])
def test_cr3_load_exiting_spares_the_targets(count: int, value: int, leaves: bool) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_CR3_LOAD_EXITING, F.CR3_TARGET_COUNT: count,
                        F.CR3_TARGET_VALUE0: 0x5000, F.CR3_TARGET_VALUE1: 0x6000})
    assert mov(hw, cpu, "cr3", value) == (EXITED if leaves else RETIRED)
    if leaves:
        assert qualification(hw, cpu) == (28, 3)
        assert vmcs.read(hw, cpu, F.GUEST_CR3) == GUEST_CR3


def test_cr3_store_exiting() -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_CR3_STORE_EXITING})
    assert execute(hw, cpu, parse_insn("mov rax, cr3")) == EXITED
    assert qualification(hw, cpu) == (28, 3 | 1 << 4)


def test_cr2_never_exits() -> None:
    hw, cpu = in_guest(MASKED)
    assert mov(hw, cpu, "cr2", 0x1234) == RETIRED
    assert execute(hw, cpu, parse_insn("mov rax, cr2")) == RETIRED
    assert (cpu.cr2, cpu.rax) == (0x1234, 0x1234)


def test_without_the_controls_a_guest_switches_page_tables_itself() -> None:
    hw, cpu = in_guest()
    assert mov(hw, cpu, "cr3", 0x5000) == RETIRED
    assert cpu.cr3 == 0x5000


# -- PDPTEs (SDM Vol. 3A 4.4.1) -----------------------------------------------------------------------------------------------

LOADED = (0xA001, 0, 0, 0)
IN_MEMORY = (0xB001, 0, 0, 0xC001)


def in_pae(**registers: int) -> tuple[Hardware, Cpu]:
    """PAE paging with LOADED in the registers and IN_MEMORY at CR3 = 0x6020, at 0x7000 a table that cannot be loaded."""
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    cpu.cr3, cpu.pdptes = 0x6020, LOADED
    write64(hw, 0x6020, 0xB001)
    write64(hw, 0x6038, 0xC001)
    write64(hw, 0x7010, 0xB003)
    for name, value in registers.items():
        setattr(cpu, name, value)
    return hw, cpu


PAE_CR0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG


@pytest.mark.parametrize(("register", "value", "loads"), [
    ("cr3", 0x6020, True), ("cr0", PAE_CR0 | CR0_CD, True), ("cr0", PAE_CR0 | CR0_WP, False), ("cr4", CR4_PAE | CR4_PGE, True),
    ("cr4", CR4_PAE | CR4_PSE, True), ("cr4", CR4_PAE | CR4_SMEP, True), ("cr4", CR4_PAE | 1 << 9, False),
    ("cr0", PAE_CR0 & ~CR0_PG, False), ("cr4", 0, False)])
def test_which_writes_load_the_pdptes(register: str, value: int, loads: bool) -> None:
    hw, cpu = in_pae(cr0=PAE_CR0)
    assert mov(hw, cpu, register, value) == RETIRED
    assert cpu.pdptes == (IN_MEMORY if loads else LOADED)
    assert len(events(hw, Referenced)) == (4 if loads else 0)


def test_turning_paging_on_loads_them_too() -> None:
    hw, cpu = in_pae(cr0=PAE_CR0 & ~CR0_PG)
    assert mov(hw, cpu, "cr0", PAE_CR0) == RETIRED
    assert cpu.pdptes == IN_MEMORY
    hw, cpu = in_pae(cr0=PAE_CR0, cr4=0)
    assert mov(hw, cpu, "cr4", CR4_PAE) == RETIRED
    assert cpu.pdptes == IN_MEMORY


@pytest.mark.parametrize("register", ["cr0", "cr3", "cr4"])
def test_a_reserved_bit_in_a_pdpte_is_gp_and_nothing_changes(register: str) -> None:
    hw, cpu = in_pae(cr0=PAE_CR0)
    if register != "cr3":
        write64(hw, 0x6028, 0xB003)
    before = cpu.frozen()
    assert mov(hw, cpu, register, {"cr0": PAE_CR0 | CR0_CD, "cr3": 0x7000, "cr4": CR4_PAE | CR4_PGE}[register]) == FAULTED
    assert cpu.frozen() == before and not events(hw, Invalidated)


def test_with_ept_loading_them_may_exit_and_without_pae_nothing_is_loaded() -> None:
    hw, cpu = in_guest()
    assert mov(hw, cpu, "cr3", 0x6020) == RETIRED
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    assert mov(hw, cpu, "cr3", 0x7000) == EXITED
    assert qualification(hw, cpu) == (48, 1)
    assert vmcs.read(hw, cpu, F.GUEST_PHYSICAL_ADDRESS) == 0x7000 and vmcs.read(hw, cpu, F.GUEST_CR3) == 0x6020


def test_outside_64_bit_mode_the_operand_has_32_bits() -> None:
    hw, cpu = in_pae()
    assert mov(hw, cpu, "cr3", 0xFFFF_FFFF_0000_6020) == RETIRED
    assert cpu.cr3 == 0x6020


def test_la57_cannot_change_in_ia32e_mode() -> None:
    hw = new_hardware(Caps(la57=True))
    cpu = hw.cpus[0]
    assert mov(hw, cpu, "cr4", CR4_PAE | CR4_LA57) == FAULTED
    cpu.efer &= ~EFER_LMA
    cpu.cr0 &= ~CR0_PG
    assert mov(hw, cpu, "cr4", CR4_PAE | CR4_LA57) == RETIRED


# -- SS -------------------------------------------------------------------------------------------------------------------

def test_mov_ss_holds_events_up_for_one_instruction() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    assert mov(hw, cpu, "ss", 0x20) == RETIRED
    assert (cpu.descriptors.ss.selector, cpu.blocking) == (0x20, 2)
    assert execute(hw, cpu, parse_insn("nop")) == RETIRED and cpu.blocking == 0


@pytest.mark.parametrize(("cpl", "selector", "outcome"), [(3, 0x1B, RETIRED), (3, 0x18, FAULTED), (0, 0x1B, FAULTED)])
def test_mov_ss_is_not_privileged_but_of_its_level(cpl: int, selector: int, outcome: str) -> None:
    hw, cpu = in_guest(cpl=cpl)
    assert mov(hw, cpu, "ss", selector) == outcome
    assert [event.error_code for event in events(hw, Faulted)] == [0x18] * (outcome == FAULTED)
    assert mov(hw, cpu, "cr3", 0) == (FAULTED if cpl else RETIRED)
