"""Which mode the processor is in."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import modes
from kvmdbg.machine.hw.controls import AR_L, CR0_PE, EFER_LMA, RFLAGS_VM
from kvmdbg.machine.hw.state import VMX_NON_ROOT, VMX_OFF, VMX_ROOT, Cpu
from support import new_hardware


def make_real(cpu: Cpu) -> None:
    cpu.cr0 &= ~CR0_PE


def make_virtual_8086(cpu: Cpu) -> None:
    cpu.rflags |= RFLAGS_VM


def make_compatibility(cpu: Cpu) -> None:
    cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(ar=cpu.descriptors.cs.ar & ~AR_L))


@pytest.mark.parametrize("change", [make_real, make_virtual_8086, make_compatibility])
def test_three_modes_have_no_vmx_instructions(change: object) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    cpu.vmx = VMX_ROOT
    assert not modes.vmx_undefined(hw, cpu)
    change(cpu)  # type: ignore[operator]
    assert modes.vmx_undefined(hw, cpu)


def test_outside_vmx_operation_they_do_not_exist() -> None:
    hw = new_hardware()
    assert hw.cpus[0].vmx == VMX_OFF
    assert modes.vmx_undefined(hw, hw.cpus[0])


def test_64_bit_and_compatibility_mode_differ_in_the_code_segment() -> None:
    cpu = new_hardware().cpus[0]
    assert (modes.long_mode(cpu), modes.compatibility(cpu)) == (True, False)
    make_compatibility(cpu)
    assert (modes.long_mode(cpu), modes.compatibility(cpu)) == (False, True)
    cpu.efer &= ~EFER_LMA
    assert (modes.long_mode(cpu), modes.compatibility(cpu)) == (False, False)


def test_virtual_8086_and_non_root() -> None:
    cpu = new_hardware().cpus[0]
    assert not modes.virtual_8086(cpu) and not modes.non_root(cpu)
    make_virtual_8086(cpu)
    cpu.vmx = VMX_NON_ROOT
    assert modes.virtual_8086(cpu) and modes.non_root(cpu)
