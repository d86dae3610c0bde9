"""VMXON."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CR0_NE, CR0_PE, CR4_MCE, CR4_VMXE, RFLAGS_VM
from kvmdbg.machine.hw.events import Completed, Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.msr.feature_control import IA32_FEATURE_CONTROL
from kvmdbg.machine.hw.msr_register import keep
from kvmdbg.machine.hw.state import NO_VMCS, VMX_OFF, VMX_ROOT, Caps, Cpu, Hardware
from support import events, flat_descriptors, new_hardware
from vmx import REGION, VMXON_REGION, in_guest, with_vmcs


def outside() -> tuple[Hardware, Cpu]:
    """VMX operation is enabled and not entered."""
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.cr4 |= CR4_VMXE
    write64(hw, VMXON_REGION, vmcs.VMCS_REVISION)
    return hw, cpu


def vmxon(hw: Hardware, cpu: Cpu, pointer: int = VMXON_REGION) -> str:
    return execute(hw, cpu, parse_insn(f"vmxon {pointer:#x}"))


def test_vmx_operation_begins_without_a_current_vmcs() -> None:
    hw, cpu = outside()
    assert vmxon(hw, cpu) == RETIRED
    assert (cpu.vmx, cpu.vmxon_pointer, cpu.current_vmcs) == (VMX_ROOT, VMXON_REGION, NO_VMCS)
    assert events(hw, Completed) == [Completed(0, "vmxon", "VMsucceed", 0)]


@pytest.mark.parametrize("pointer", [VMXON_REGION + 8, 1 << 46, 0x8000], ids=["misaligned", "too wide", "no revision identifier"])
def test_a_bad_region_fails_without_a_vmcs_to_tell(pointer: int) -> None:
    hw, cpu = outside()
    assert vmxon(hw, cpu, pointer) == RETIRED
    assert cpu.vmx == VMX_OFF
    assert events(hw, Completed) == [Completed(0, "vmxon", "VMfailInvalid", 0)]


def test_bit_31_of_the_revision_identifier_must_be_0() -> None:
    hw, cpu = outside()
    write64(hw, VMXON_REGION, vmcs.VMCS_REVISION | 1 << 31)
    vmxon(hw, cpu)
    assert cpu.vmx == VMX_OFF


@pytest.mark.parametrize(("cr0", "cr4", "rflags", "cpl", "vector"), [
    (~0, ~CR4_VMXE, 2, 0, "#UD"), (~CR0_PE, ~0, 2, 0, "#UD"), (~0, ~0, 2 | RFLAGS_VM, 0, "#UD"), (~0, ~0, 2, 3, "#GP"),
    (~CR0_NE, ~0, 2, 0, "#GP")])
def test_faults(cr0: int, cr4: int, rflags: int, cpl: int, vector: str) -> None:
    hw, cpu = outside()
    cpu.cr0 &= cr0
    cpu.cr4 &= cr4
    cpu.rflags = rflags
    cpu.descriptors = flat_descriptors(cpl)
    assert vmxon(hw, cpu) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, vector, 0, 0)]


def test_in_root_operation_it_fails() -> None:
    hw, cpu = with_vmcs()
    assert vmxon(hw, cpu) == RETIRED
    assert events(hw, Completed) == [Completed(0, "vmxon", "VMfailValid", 15)]
    assert cpu.current_vmcs == REGION


def test_in_a_guest_it_exits_at_any_privilege_level() -> None:
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("vmxon @0x7000")) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (27, 0x7000)


def test_firmware_has_to_allow_it() -> None:
    hw, cpu = outside()
    keep(hw, cpu, IA32_FEATURE_CONTROL, 1)
    assert vmxon(hw, cpu) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#GP"]


def test_a_processor_may_demand_more_of_cr4() -> None:
    hw = new_hardware(Caps(cr4_fixed0=CR4_VMXE | CR4_MCE))
    cpu = hw.cpus[0]
    cpu.cr4 |= CR4_VMXE
    write64(hw, VMXON_REGION, vmcs.VMCS_REVISION)
    assert vmxon(hw, cpu) == FAULTED
    cpu.cr4 |= CR4_MCE
    assert vmxon(hw, cpu) == RETIRED and cpu.vmx == VMX_ROOT
    assert execute(hw, cpu, parse_insn(f"mov cr4, {cpu.cr4 & ~CR4_MCE:#x}")) == FAULTED
