"""MSR areas of VM entry and VM exit."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING, CPU_USE_MSR_BITMAPS
from kvmdbg.machine.hw.exit import vm_exit
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.msr_area import ENTRY_LOAD, load, load_problem, store_problem
from kvmdbg.machine.hw.msrs import read_msr
from kvmdbg.machine.hw.state import Cpu, Hardware
from vmx import in_guest, reader, with_vmcs

AREA = 0x9000
OTHER = 0xA000


def area(hw: Hardware, *entries: tuple[int, int], at: int = AREA) -> None:
    for index, (first, value) in enumerate(entries):
        write64(hw, at + 16 * index, first)
        write64(hw, at + 16 * index + 8, value)


def loading(*entries: tuple[int, int]) -> tuple[Hardware, Cpu]:
    hw, cpu = with_vmcs({F.VM_ENTRY_MSR_LOAD_ADDR: AREA, F.VM_ENTRY_MSR_LOAD_COUNT: len(entries)})
    area(hw, *entries)
    return hw, cpu


@pytest.mark.parametrize(("first", "value", "says"), [
    (0x11, 0, "must be a register that takes the value 0x0"), (0x277, 2, "must be a register that takes the value 0x2"),
    (0xC000_0100, 0, "must be a register that a VM transition can load"),
    (0xC000_0101, 0, "must be a register that a VM transition"),
    (0x9B, 0, "must be a register that a VM transition"), (0x79, 0, "must be a register that a VM transition"),
    (0x808, 0, "must be a register that a VM transition"), (1 << 32 | 0x277, 0, "must have bits 63:32 = 0, not 0x1"),
    (0x480, 0, "must be a register that takes the value 0x0")])
def test_an_entry_that_cannot_be_loaded(first: int, value: int, says: str) -> None:
    hw, cpu = loading((0x174, 8), (first, value))
    number, problem = load(hw, cpu, reader(hw, cpu), ENTRY_LOAD)
    assert number == 2 and problem.startswith(f"VM_ENTRY_MSR_LOAD entry 2, MSR {first & 0xFFFF_FFFF:#x}, {says}")
    assert problem.endswith("(SDM Vol. 3C 26.4)") and cpu.descriptors.sysenter_cs == 8


def test_every_entry_is_loaded_in_order() -> None:
    hw, cpu = loading((0x174, 8), (0x174, 16), (0xC000_0102, 0x1000))
    assert load(hw, cpu, reader(hw, cpu), ENTRY_LOAD) == (0, "")
    assert (cpu.descriptors.sysenter_cs, read_msr(hw, cpu, 0xC000_0102)) == (16, 0x1000)


def test_an_exit_stores_the_guests_registers_and_loads_the_hosts() -> None:
    hw, cpu = in_guest({F.VM_EXIT_MSR_STORE_ADDR: AREA, F.VM_EXIT_MSR_STORE_COUNT: 2, F.VM_EXIT_MSR_LOAD_ADDR: OTHER,
                        F.VM_EXIT_MSR_LOAD_COUNT: 1, F.CPU_BASED_VM_EXEC_CONTROL: CPU_TSC_OFFSETTING | CPU_USE_MSR_BITMAPS,
                        F.TSC_OFFSET: 0x1_0000})
    area(hw, (0x174, 0), (0x10, 0))
    area(hw, (0x174, 0x88), at=OTHER)
    cpu.descriptors = cpu.descriptors._replace(sysenter_cs=0x33)
    vm_exit(hw, cpu, VmExit(18))
    assert (read64(hw, AREA + 8), cpu.descriptors.sysenter_cs) == (0x33, 0x88)
    assert read64(hw, AREA + 24) == 1                     # the counter without the offset


@pytest.mark.parametrize(("field", "number", "says"), [
    (F.VM_EXIT_MSR_STORE_COUNT, 0x11, "VMX abort 1: VM_EXIT_MSR_STORE entry 1, MSR 0x11, must be one that the processor has"),
    (F.VM_EXIT_MSR_STORE_COUNT, 0x9E, "VMX abort 1: .* must be a register that a VM exit can store"),
    (F.VM_EXIT_MSR_LOAD_COUNT, 0x11, "VMX abort 4: VM_EXIT_MSR_LOAD entry 1, MSR 0x11,")])
def test_an_exit_that_cannot_is_a_vmx_abort(field: int, number: int, says: str) -> None:
    hw, cpu = in_guest({field: 1, F.VM_EXIT_MSR_STORE_ADDR: AREA, F.VM_EXIT_MSR_LOAD_ADDR: AREA})
    area(hw, (number, 0))
    with pytest.raises(Unsupported, match=says):
        vm_exit(hw, cpu, VmExit(18))


def test_the_two_directions_differ() -> None:
    assert load_problem(0xC000_0100, 0) and not store_problem(0xC000_0100, 0)
    assert store_problem(0x9E, 0) and not load_problem(0x9E, 0) and store_problem(0x174, 1) and store_problem(0x830, 0)
