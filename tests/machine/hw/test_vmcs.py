"""VMCS data: which region is current, widths, encodings."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import NO_VMCS
from vmx import OTHER_REGION, REGION, in_root, with_vmcs


def test_the_data_of_two_regions_is_apart() -> None:
    hw, cpu = in_root()
    for region, value in ((REGION, 1), (OTHER_REGION, 2)):
        vmcs.load(hw, cpu, region)
        vmcs.write(hw, cpu, F.GUEST_CR3, value << 12)
    assert vmcs.read(hw, cpu, F.GUEST_CR3) == 0x2000
    assert vmcs.peek(hw, REGION, F.GUEST_CR3) == 0x1000


@pytest.mark.parametrize(("field", "kept"), [(F.VIRTUAL_PROCESSOR_ID, 0xDEF0), (F.EXCEPTION_BITMAP, 0x9ABC_DEF0),
                                             (F.EPT_POINTER, 0x1234_5678_9ABC_DEF0), (F.GUEST_CR3, 0x1234_5678_9ABC_DEF0)])
def test_a_value_is_cut_to_the_width_of_its_field(field: int, kept: int) -> None:
    hw, cpu = with_vmcs()
    vmcs.write(hw, cpu, field, 0xFFFF_1234_5678_9ABC_DEF0)
    assert vmcs.read(hw, cpu, field) == kept


def test_the_high_half_of_a_64_bit_field_has_an_encoding_of_its_own() -> None:
    hw, cpu = with_vmcs({F.EPT_POINTER: 0x1111_2222_3333_4444})
    vmcs.write(hw, cpu, F.EPT_POINTER + 1, 0xF_5555_6666)
    assert vmcs.read(hw, cpu, F.EPT_POINTER) == 0x5555_6666_3333_4444
    assert vmcs.read(hw, cpu, F.EPT_POINTER + 1) == 0x5555_6666


@pytest.mark.parametrize("encoding", [F.GUEST_CR3 + 1, 0x2100, 0x1_6802, F.VIRTUAL_PROCESSOR_ID + 1])
def test_an_encoding_that_no_field_has_is_our_mistake(encoding: int) -> None:
    hw, cpu = with_vmcs()
    assert vmcs.field_of(encoding) is None
    with pytest.raises(ModelBug):
        vmcs.read(hw, cpu, encoding)
    with pytest.raises(ModelBug):
        vmcs.write(hw, cpu, encoding, 1)


def test_without_a_current_vmcs_nothing_can_be_read() -> None:
    hw, cpu = in_root()
    with pytest.raises(ModelBug):
        vmcs.read(hw, cpu, F.GUEST_CR3)
    with pytest.raises(ModelBug):
        vmcs.reader(hw, cpu)


def test_clear_makes_the_current_vmcs_none_and_spares_another() -> None:
    hw, cpu = with_vmcs()
    vmcs.clear(hw, cpu, OTHER_REGION)
    assert cpu.current_vmcs == REGION
    vmcs.clear(hw, cpu, REGION)
    assert cpu.current_vmcs == NO_VMCS
    assert (hw.launch_state[REGION], vmcs.peek(hw, REGION, F.VIRTUAL_PROCESSOR_ID)) == ("clear", 5)


def test_a_field_written_with_0_is_as_one_never_written() -> None:
    hw, cpu = in_root()
    vmcs.load(hw, cpu, REGION)
    before = hw.tape.freeze()
    vmcs.write(hw, cpu, F.GUEST_CR3, 0)
    vmcs.write(hw, cpu, F.GUEST_CR4, 1)
    vmcs.write(hw, cpu, F.GUEST_CR4, 0)
    assert hw.tape.freeze() == before


def test_the_quick_reader_reads_the_same() -> None:
    hw, cpu = with_vmcs()
    read = vmcs.reader(hw, cpu)
    assert read(F.VIRTUAL_PROCESSOR_ID) == vmcs.read(hw, cpu, F.VIRTUAL_PROCESSOR_ID) == 5
    assert read(F.TSC_OFFSET) == 0


def test_a_region_that_is_not_current_is_written() -> None:
    hw, cpu = with_vmcs()
    vmcs.put(hw, OTHER_REGION, F.GUEST_CR3, 0x7000)
    assert (vmcs.peek(hw, OTHER_REGION, F.GUEST_CR3), vmcs.read(hw, cpu, F.GUEST_CR3)) == (0x7000, 0x2000)
