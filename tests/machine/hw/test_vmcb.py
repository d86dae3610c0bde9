"""The VMCB as data."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.vmcb import CONTROL, SAVE, VMCB_FIELDS, make_vmcb, vmcb_of


@pytest.mark.parametrize(("name", "offset"), [
    ("asid", 0x58), ("tlb_ctl", 0x5C), ("exit_code", 0x70), ("nested_cr3", 0xB0), ("next_rip", 0xC8), ("cs.base", 0x418),
    ("tr.selector", 0x490), ("cpl", 0x4CB), ("efer", 0x4D0), ("cr0", 0x558), ("rip", 0x578), ("g_pat", 0x668), ("dbgctl", 0x670)])
def test_offsets_of_the_manual(name: str, offset: int) -> None:
    assert VMCB_FIELDS[name].offset == offset


def test_no_two_fields_overlap() -> None:
    ordered = sorted(VMCB_FIELDS.values(), key=lambda field: field.offset)
    assert all(one.offset + one.bits // 8 <= two.offset for one, two in zip(ordered, ordered[1:], strict=False))
    assert all((field.area == CONTROL) == (field.offset < 0x400) for field in ordered)
    assert {field.area for field in ordered} == {SAVE, CONTROL}


def test_a_machine_has_none_until_it_is_given_one() -> None:
    hw = boot(kernel("v6.12")).hw
    assert vmcb_of(hw) is None
    table = make_vmcb(hw)
    assert vmcb_of(hw) is table
    with pytest.raises(ModelBug):
        make_vmcb(hw)
