"""EPT paging structures and the EPT pointer."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.ept import (
    ACCESSED,
    DIRTY,
    EPTP_AD,
    EXECUTE,
    IGNORE_PAT,
    LARGE,
    READ,
    RIGHTS,
    WRITE,
    EptWalk,
    ep4ta,
    eptp_valid,
    misconfigured,
    software_walk,
)
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.state import Caps, Hardware
from support import EPT_WB_4LEVEL, map_ept, new_hardware

EPTP = 0x7000 | EPT_WB_4LEVEL
WB = 6 << 3
GPA = 0x1_2345_6ABC


def walk(hw: Hardware, gpa: int = GPA) -> EptWalk:
    return software_walk(lambda pa: read64(hw, pa), EPTP, gpa, hw.caps)


@pytest.mark.parametrize(("eptp", "caps", "wrong"), [
    (0x701E, Caps(), ""),
    (0x7018, Caps(), ""),                                            # uncacheable
    (0x701E | EPTP_AD, Caps(), ""),
    (0x701E | EPTP_AD, Caps(ept_ad=False), "bit 6"),
    (0x7019, Caps(), "bits 2:0"),
    (0x701F, Caps(), "bits 2:0"),
    (0x7026, Caps(), "bits 5:3"),                                    # walk length 5
    (0x7006, Caps(), "bits 5:3"),
    (0x709E, Caps(), "11:7"),
    (0x781E, Caps(), "11:7"),
    (0x701E | 1 << 46, Caps(), "MAXPHYADDR"),
    (0x701E | 1 << 63, Caps(maxphyaddr=52), "MAXPHYADDR"),
    (0x701E | 1 << 51, Caps(maxphyaddr=52), ""),
    (0, Caps(), "bits 5:3"),
])
def test_what_vm_entry_accepts_as_an_ept_pointer(eptp: int, caps: Caps, wrong: str) -> None:
    found = eptp_valid(eptp, caps)
    assert wrong in found and bool(found) == bool(wrong)


def test_only_the_table_is_part_of_the_tag() -> None:
    assert ep4ta(0x701E) == ep4ta(0x7018 | EPTP_AD) == 7


@pytest.mark.parametrize(("entry", "level", "caps", "wrong"), [
    (0, 1, Caps(), ""),                                              # not present: a violation
    (1 << 51 | WB, 1, Caps(), ""),
    (READ | WB, 1, Caps(), ""),
    (READ | WRITE | EXECUTE | WB | IGNORE_PAT | ACCESSED | DIRTY | 0x7FF << 52, 1, Caps(), ""),
    (READ | WB | LARGE, 1, Caps(), ""),                              # bit 7 of a PTE is ignored
    (WRITE, 1, Caps(), "not readable"),
    (WRITE | EXECUTE, 3, Caps(), "not readable"),
    (EXECUTE | WB, 1, Caps(), ""),
    (EXECUTE | WB, 1, Caps(ept_execute_only=False), "execute-only"),
    (READ | 1 << 46, 1, Caps(), "MAXPHYADDR"),
    (READ | 1 << 46, 4, Caps(maxphyaddr=47), ""),
    (READ | LARGE, 4, Caps(), "bit 7 of a PML4E"),
    (READ | LARGE | WB, 3, Caps(), ""),
    (READ | LARGE | WB, 3, Caps(ept_1g=False), "a 1-GiB page, which this processor lacks"),
    (READ | LARGE | WB | 1 << 29, 3, Caps(), "29:12"),
    (READ | LARGE | WB, 2, Caps(), ""),
    (READ | LARGE | WB, 2, Caps(ept_2m=False), "2-MiB"),
    (READ | LARGE | WB | 1 << 12, 2, Caps(), "20:12"),
    (READ | 1 << 12, 2, Caps(), ""),
    (READ | WB, 2, Caps(), "6:3"),
    (READ | IGNORE_PAT, 4, Caps(), "6:3"),
    *[(READ | memtype << 3, 1, Caps(), "memory type" if memtype in (2, 3, 7) else "") for memtype in range(8)],
])
def test_misconfigured(entry: int, level: int, caps: Caps, wrong: str) -> None:
    found = misconfigured(entry, level, caps)
    assert wrong in found and bool(found) == bool(wrong)


def test_a_4k_page() -> None:
    hw = new_hardware()
    leaf = map_ept(hw, EPTP, GPA, 0x5000 | RIGHTS | WB | DIRTY)
    found = walk(hw)
    assert found.mapped and found.read and found.write and found.execute and found.dirty
    assert [step.level for step in found.steps] == [4, 3, 2, 1] and found.steps[3].address == leaf
    assert (found.address, found.page, found.size) == (0x5ABC, 0x5000, 0x1000)


def test_a_2m_page() -> None:
    hw = new_hardware()
    map_ept(hw, EPTP, GPA, 0x20_0000 | RIGHTS | WB | LARGE, level=2)
    found = walk(hw)
    assert (len(found.steps), found.address, found.size) == (3, 0x20_0000 | GPA & 0x1F_FFFF, 0x20_0000)


def test_rights_are_the_and_over_all_levels() -> None:
    hw = new_hardware()
    map_ept(hw, EPTP, GPA, 0x5000 | READ | WRITE | WB, flags=READ | EXECUTE)
    found = walk(hw)
    assert found.rights == READ and found.read and not found.write and not found.execute


def test_no_right_is_left_where_an_entry_is_not_present() -> None:
    hw = new_hardware()
    map_ept(hw, EPTP, GPA, 0)
    found = walk(hw)
    assert not found.present and found.rights == 0 and len(found.steps) == 4


def test_misconfiguration_ends_the_walk() -> None:
    hw = new_hardware()
    map_ept(hw, EPTP, GPA, WRITE)
    found = walk(hw)
    assert found.present and not found.mapped and found.misconfigured == "writable but not readable"


def test_four_levels_translate_48_bits() -> None:
    found = walk(new_hardware(Caps(maxphyaddr=52)), 1 << 48)
    assert not found.present and found.steps == ()


def test_a_1g_page_is_found_in_two_steps() -> None:
    hw = new_hardware()
    map_ept(hw, EPTP, GPA, 0x8000_0000 | READ | WB | LARGE, level=3)
    found = walk(hw)
    assert [step.level for step in found.steps] == [4, 3]
    assert (found.page, found.size, found.address) == (0x8000_0000, 0x4000_0000, 0x8000_0000 | GPA & 0x3FFF_FFFF)


def test_a_table_without_memory_is_named() -> None:
    found = software_walk(lambda pa: None, EPTP, 0, Caps())
    assert not found.present and found.unbacked == 0x7000
