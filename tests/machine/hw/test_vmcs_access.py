"""Which VMCS VMREAD and VMWRITE reach, and when they leave a guest."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.vmcs_access import accessed, exits_by_bitmap, intercepted, operand
from support import flat_descriptors
from vmx import REGION, SHADOW_REGION, VMREAD_BITMAP, in_guest, in_shadowing_guest, intercept, with_vmcs

EXITS = exits_by_bitmap(23, F.VMREAD_BITMAP)


@pytest.mark.parametrize(("primary", "secondary", "encoding", "exits"), [
    (CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS, 0x6800, False), (CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS, 0x6802, True),
    (CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS, 0x7FFF, False), (CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS, 0x8000, True),
    (CPU_SECONDARY_CONTROLS, SEC_SHADOW_VMCS, 0x1_6800, True), (CPU_SECONDARY_CONTROLS, 0, 0x6800, True),
    (0, SEC_SHADOW_VMCS, 0x6800, True)])
def test_when_a_vmread_leaves_the_guest(primary: int, secondary: int, encoding: int, exits: bool) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: primary, F.SECONDARY_VM_EXEC_CONTROL: secondary,
                        F.VMREAD_BITMAP: VMREAD_BITMAP})
    intercept(hw, VMREAD_BITMAP, 0x6802)
    found = EXITS(hw, cpu, (encoding, None))
    assert (found is not None) is exits and (found is None or (found.reason, found.qualification) == (23, 0))


def test_the_qualification_is_the_displacement() -> None:
    hw, cpu = in_guest()
    found = EXITS(hw, cpu, (0x6802, Descriptor(0x5008, 0, 0)))
    assert found is not None and found.qualification == 0x5008


@pytest.mark.parametrize(("cell", "bit", "encoding"), [(0, 0, 0), (0, 63, 63), (8, 0, 64), (0xFF8, 63, 0x7FFF), (0xD00, 2, 0x6802)])
def test_a_bit_of_the_bitmap(cell: int, bit: int, encoding: int) -> None:
    memory = {0x9000 + cell: 1 << bit}
    assert intercepted(lambda pa: memory.get(pa, 0), 0x9000, encoding)
    assert not intercepted(lambda pa: memory.get(pa, 0), 0x9000, encoding ^ 1)


def test_the_vmcs_that_is_reached() -> None:
    assert accessed(*with_vmcs()) == REGION
    assert accessed(*in_shadowing_guest()) == SHADOW_REGION
    assert accessed(*in_guest()) == 0xFFFF_FFFF_FFFF_FFFF


def test_operands_have_32_bits_outside_64_bit_mode() -> None:
    _, cpu = with_vmcs()
    assert operand(cpu, 0x1_2345_6789) == 0x1_2345_6789
    segments = flat_descriptors()
    cpu.descriptors = segments._replace(cs=segments.cs._replace(ar=0xC09B))
    assert operand(cpu, 0x1_2345_6789) == 0x2345_6789
