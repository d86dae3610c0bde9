"""Fields that a processor lacks, and what would bring them."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.absent_fields import NEEDS, TERTIARY, absent, absent_fields
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.state import Caps


@pytest.mark.parametrize(("caps", "field", "text"), [
    (Caps(vpid=False), F.VIRTUAL_PROCESSOR_ID, "IA32_VMX_PROCBASED_CTLS2 bit 37 (secondary control bit 5, ENABLE_VPID)"),
    (Caps(), F.PML_ADDRESS, "IA32_VMX_PROCBASED_CTLS2 bit 49 (secondary control bit 17, ENABLE_PML)"),
    (Caps(), F.POSTED_INTR_NV, "IA32_VMX_PINBASED_CTLS bit 39 (pin-based control bit 7, POSTED_INTERRUPTS)"),
    (Caps(eptp_switching=False), F.EPTP_LIST_ADDRESS, "IA32_VMX_VMFUNC bit 0 (EPTP switching)"),
    (Caps(cr3_targets=2), F.CR3_TARGET_VALUE2, "IA32_VMX_MISC bits 24:16 of 3 or more"),
    (Caps(), F.IA32_SPEC_CTRL_MASK, "IA32_VMX_PROCBASED_CTLS3 bit 7 (tertiary control bit 7)"),
    (Caps(), F.LOW_PASID_DIRECTORY_ADDRESS, "IA32_VMX_PROCBASED_CTLS2 bit 53 (secondary control bit 21)"),
    (Caps(lacks=(0, 0, 1 << 18, 1 << 14, 0)), F.GUEST_IA32_PAT,
     "IA32_VMX_ENTRY_CTLS bit 46 (VM-entry control bit 14, LOAD_IA32_PAT) or "
     "IA32_VMX_EXIT_CTLS bit 50 (VM-exit control bit 18, SAVE_IA32_PAT)")])
def test_the_bit_that_would_bring_a_field(caps: Caps, field: int, text: str) -> None:
    assert absent(caps, field) == text == absent_fields(caps)[field]


def test_a_field_that_is_there_lacks_nothing() -> None:
    there = {F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.GUEST_RIP, F.CR3_TARGET_VALUE3, F.EPTP_LIST_ADDRESS}
    assert not there & set(absent_fields(Caps()))
    assert not absent(Caps(lacks=(0, 0, 0, 1 << 14, 0)), F.GUEST_IA32_PAT)
    assert not absent(Caps(posted_interrupts=True), F.POSTED_INTR_DESC_ADDR)


def test_every_field_of_the_tables_is_one() -> None:
    assert {*NEEDS, *TERTIARY} <= set(FIELDS)
