"""4-level paging structures, read without side effects."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import (
    PAGE_2M,
    PAGE_4K,
    PS,
    RW,
    US,
    XD,
    A,
    D,
    G,
    P,
    Walk,
    canonical,
    index,
    page_size,
    reserved_bits,
    software_walk,
)
from kvmdbg.machine.hw.state import Hardware
from support import HOST_CR3, map_page, new_hardware

LA = 0x0000_1234_5678_9ABC


def walk(hw: Hardware, la: int = LA, maxphyaddr: int = 46, nxe: bool = True) -> Walk:
    return software_walk(lambda pa: read64(hw, pa), HOST_CR3, la, maxphyaddr=maxphyaddr, nxe=nxe)


def test_the_linear_address_is_split_9_9_9_9_12() -> None:
    la = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 5
    assert [index(la, level) for level in (4, 3, 2, 1)] == [1, 2, 3, 4]
    assert index((1 << 64) - 1, 4) == 511
    assert [page_size(level) for level in (1, 2, 3)] == [PAGE_4K, PAGE_2M, 1 << 30]


@pytest.mark.parametrize(("la", "bits", "expected"), [
    (0, 48, True), (0x7FFF_FFFF_FFFF, 48, True), (0x8000_0000_0000, 48, False),
    (0xFFFF_8000_0000_0000, 48, True), (0xFFFF_7FFF_FFFF_FFFF, 48, False), (0xFFFF_FFFF_FFFF_FFFF, 48, True),
    (0x8000_0000_0000, 57, True), (0x0100_0000_0000_0000, 57, False), (0xFF00_0000_0000_0000, 57, True),
])
def test_canonical(la: int, bits: int, expected: bool) -> None:
    assert canonical(la, bits) is expected


def test_a_4k_page_is_found_in_four_steps() -> None:
    hw = new_hardware()
    leaf = map_page(hw, HOST_CR3, LA, 0x5000 | P | RW | US | D | G)
    found = walk(hw)
    assert found.mapped and found.unbacked == -1
    assert [step.level for step in found.steps] == [4, 3, 2, 1]
    assert found.steps[0].address == HOST_CR3 + index(LA, 4) * 8 and found.steps[3].address == leaf
    assert (found.address, found.page, found.size) == (0x5ABC, 0x5000, PAGE_4K)
    assert found.write and found.user and found.execute and found.dirty and found.global_


def test_a_2m_page_is_found_in_three_steps_and_its_pat_bit_is_no_address() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x4000_0000 | 1 << 12 | PS | P | RW | US, level=2)
    found = walk(hw)
    assert len(found.steps) == 3
    assert (found.address, found.page, found.size) == (0x4000_0000 | LA & 0x1F_FFFF, 0x4000_0000, PAGE_2M)


@pytest.mark.parametrize("level", [4, 3, 2, 1])
def test_rights_are_combined_over_all_levels(level: int) -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x5000 | P | RW | US)
    step = next(step for step in walk(hw).steps if step.level == level)
    hw.memory[step.address] = step.value & ~(RW | US) | XD
    found = walk(hw)
    assert found.mapped and not found.write and not found.user and not found.execute


@pytest.mark.parametrize("level", [4, 3, 2, 1])
def test_the_walk_ends_at_an_entry_that_is_not_present(level: int) -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x5000 | P)
    step = next(step for step in walk(hw).steps if step.level == level)
    hw.memory[step.address] = step.value & ~P | 1 << 51          # reserved bits do not count without P
    found = walk(hw)
    assert not found.present and not found.reserved and not found.mapped and len(found.steps) == 5 - level


@pytest.mark.parametrize(("entry", "level", "nxe", "bad"), [
    (P | RW | US | A | D | G | 0x7 << 9 | 0x7FF << 52, 1, True, 0),
    (P | PS, 1, True, 0),                              # PAT
    (P | 1 << 46, 1, True, 1 << 46),
    (P | 1 << 51, 3, True, 1 << 51),
    (P | XD, 1, True, 0),
    (P | XD, 2, False, XD),
    (P | PS, 4, True, PS),
    (P | PS | 1 << 12, 2, True, 0),                    # PAT of a large page
    (P | PS | 1 << 13, 2, True, 1 << 13),
    (P | PS | 1 << 20, 2, True, 1 << 20),
    (P | 1 << 20, 2, True, 0),                         # part of a table's address
])
def test_reserved_bits(entry: int, level: int, nxe: bool, bad: int) -> None:
    assert reserved_bits(entry, level, 46, nxe) == bad


def test_nothing_is_reserved_in_an_address_of_52_bits() -> None:
    assert reserved_bits(P | 1 << 51, 1, 52, True) == 0


def test_a_reserved_bit_ends_the_walk() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x5000 | P | XD)
    assert walk(hw).mapped
    found = walk(hw, nxe=False)
    assert found.present and found.reserved and not found.mapped


def test_a_1g_page_is_refused_not_guessed() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, PS | P, level=3)
    with pytest.raises(Unsupported, match="1-GiB"):
        walk(hw)


def test_a_table_without_memory_is_named() -> None:
    found = software_walk(lambda pa: None, HOST_CR3 | 0xABC, 0, maxphyaddr=46, nxe=True)
    assert not found.present and found.unbacked == HOST_CR3 and found.steps == ()
