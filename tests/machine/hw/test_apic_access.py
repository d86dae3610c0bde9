"""The APIC-access page of the processor."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import access, invalidate, vmcs
from kvmdbg.machine.hw.apic_access import NO_PAGE, apic_access_page
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, SEC_ENABLE_EPT, SEC_ENABLE_VPID, SEC_VIRTUALIZE_APIC_ACCESSES
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import FIRST_FRAME
from kvmdbg.machine.hw.paging import PAGE_2M, PAGE_4K, PS, RW, US, P
from kvmdbg.machine.hw.state import Cpu, Hardware
from support import map_ept, map_page
from vmx import EPTP, GUEST_CR3, VPID, in_guest

LA = 0x40_1000
FRAME = 0x60_0000
VIRTUALIZED = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS,
               F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID | SEC_VIRTUALIZE_APIC_ACCESSES, F.APIC_ACCESS_ADDR: FRAME}


def guest(changes: dict[int, int] | None = None, leaf: int = FRAME | P | RW | US, level: int = 1) -> tuple[Hardware, Cpu]:
    """A guest without EPT that has LA mapped to the APIC-access page."""
    hw, cpu = in_guest(VIRTUALIZED | (changes or {}))
    map_page(hw, GUEST_CR3, LA, leaf, level)
    return hw, cpu


@pytest.mark.parametrize(("kind", "number"), [("read", 0), ("write", 1), ("fetch", 2)])
def test_an_access_exits_with_offset_and_type(kind: str, number: int) -> None:
    """E.4."""
    hw, cpu = guest()
    for _ in range(2):                     # by a walk, then by what it cached
        with pytest.raises(VmExit) as caught:
            access.translate(hw, cpu, LA + 0x80, kind)
        assert (caught.value.reason, caught.value.qualification) == (44, 0x80 | number << 12)


def test_under_ept_it_is_the_host_physical_frame_that_counts() -> None:
    hw, cpu = in_guest(VIRTUALIZED | {F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_EPT | SEC_VIRTUALIZE_APIC_ACCESSES})
    map_page(hw, GUEST_CR3, LA, 0x5_0000 | P | RW | US)
    for gpa in (GUEST_CR3, *(FIRST_FRAME + 0x1000 * i for i in range(8))):      # the guest's tables
        map_ept(hw, EPTP, gpa, gpa | 0x37)
    map_ept(hw, EPTP, 0x5_0000, FRAME | 0x37)
    with pytest.raises(VmExit) as caught:
        access.translate(hw, cpu, LA, "read")
    assert caught.value.reason == 44


def test_with_ept_a_guest_physical_mapping_from_before_misses_the_page_too() -> None:
    """C.1: INVEPT of the EPTP is owed, INVVPID is not enough."""
    secondary = SEC_ENABLE_EPT | SEC_ENABLE_VPID | SEC_VIRTUALIZE_APIC_ACCESSES
    hw, cpu = in_guest(VIRTUALIZED | {F.SECONDARY_VM_EXEC_CONTROL: secondary, F.APIC_ACCESS_ADDR: FRAME + 0x1000})
    map_page(hw, GUEST_CR3, LA, 0x5_0000 | P | RW | US)
    for gpa in (GUEST_CR3, *(FIRST_FRAME + 0x1000 * i for i in range(8))):
        map_ept(hw, EPTP, gpa, gpa | 0x37)
    map_ept(hw, EPTP, 0x5_0000, FRAME | 0x37)
    assert access.translate(hw, cpu, LA, "read") == FRAME
    vmcs.write(hw, cpu, F.APIC_ACCESS_ADDR, FRAME)
    invalidate.invvpid(hw, cpu, 1, VPID, 0)
    assert access.translate(hw, cpu, LA, "read") == FRAME
    invalidate.invept(hw, cpu, 1, EPTP)
    with pytest.raises(VmExit):
        access.translate(hw, cpu, LA, "read")


def test_without_the_control_it_is_a_page_like_any_other() -> None:
    hw, cpu = guest({F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID})
    assert apic_access_page(hw, cpu) == NO_PAGE
    assert access.translate(hw, cpu, LA, "read") == FRAME


def test_a_translation_from_before_the_address_changed_misses_the_page() -> None:
    """C.1: INVVPID of the VPID is owed."""
    hw, cpu = guest({F.APIC_ACCESS_ADDR: FRAME + 0x1000})
    assert access.translate(hw, cpu, LA, "read") == FRAME
    vmcs.write(hw, cpu, F.APIC_ACCESS_ADDR, FRAME)
    assert access.translate(hw, cpu, LA, "read") == FRAME
    invalidate.invvpid(hw, cpu, 1, VPID, 0)
    with pytest.raises(VmExit):
        access.translate(hw, cpu, LA, "read")


def test_a_large_page_around_it_is_fractured() -> None:
    hw, cpu = guest(leaf=FRAME | P | RW | US | PS, level=2)
    base = LA & -PAGE_2M
    with pytest.raises(VmExit):
        access.translate(hw, cpu, base, "read")
    assert access.translate(hw, cpu, base + 0x1000, "read") == FRAME + 0x1000
    assert [(key.page, key.size, entry.apic, entry.span) for key, entry in hw.tlb[0].items()] == [
        (base, PAGE_4K, True, PAGE_2M), (base + 0x1000, PAGE_4K, False, PAGE_2M)]
