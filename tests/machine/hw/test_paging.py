"""Paging structures of each mode, read without side effects."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.machine.hw.controls import CR0_PE, CR0_PG, CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA, EFER_NXE
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import (
    BITS_32,
    LEVELS_4,
    LEVELS_5,
    NO_PAGING,
    PAE,
    PAGE_1G,
    PAGE_2M,
    PAGE_4K,
    PAGE_4M,
    PS,
    RW,
    US,
    XD,
    A,
    D,
    G,
    P,
    Paging,
    Walk,
    canonical,
    index,
    page_size,
    paging_mode,
    pdpte_problem,
    pdptes_problem,
    read_pdptes,
    software_walk,
)
from kvmdbg.machine.hw.state import Caps, Hardware
from support import HOST_CR3, map_page, new_hardware

LA = 0x0000_1234_5678_9ABC


def shape(mode: str = LEVELS_4, *, nxe: bool = True, pse: bool = False, maxphyaddr: int = 46, page_1g: bool = True) -> Paging:
    return Paging(mode, nxe, pse, maxphyaddr, page_1g)


def walk(hw: Hardware, la: int = LA, maxphyaddr: int = 46, nxe: bool = True) -> Walk:
    return software_walk(lambda pa: read64(hw, pa), shape(nxe=nxe, maxphyaddr=maxphyaddr), HOST_CR3, la)


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


@pytest.mark.parametrize(("cr0", "cr4", "efer", "mode"), [
    (CR0_PE, CR4_PAE, EFER_LMA, NO_PAGING), (CR0_PG, 0, 0, BITS_32), (CR0_PG, CR4_PAE, 0, PAE),
    (CR0_PG, CR4_PAE, EFER_LMA, LEVELS_4), (CR0_PG, CR4_PAE | CR4_LA57, EFER_LMA, LEVELS_5), (CR0_PG, CR4_PAE | CR4_LA57, 0, PAE)])
def test_the_control_registers_choose_the_mode(cr0: int, cr4: int, efer: int, mode: str) -> None:
    assert paging_mode(cr0, cr4, efer, Caps()) == Paging(mode, False, False, 46, True)
    other = paging_mode(cr0, cr4 | CR4_PSE, efer | EFER_NXE, Caps(maxphyaddr=40, page_1g=False))
    assert other == Paging(mode, mode != BITS_32, True, 40, False)


@pytest.mark.parametrize(("mode", "bits", "levels", "entry_size"), [
    (NO_PAGING, 32, (), 8), (BITS_32, 32, (2, 1), 4), (PAE, 32, (2, 1), 8), (LEVELS_4, 48, (4, 3, 2, 1), 8),
    (LEVELS_5, 57, (5, 4, 3, 2, 1), 8)])
def test_the_shape_of_each_mode(mode: str, bits: int, levels: tuple[int, ...], entry_size: int) -> None:
    found = shape(mode)
    assert (found.linear_bits, found.levels, found.entry_size) == (bits, levels, entry_size)
    assert found.canonical(0x7FFF_FFFF)
    assert found.canonical(1 << 50) == (bits != 48)             # addresses of 32 bits have no higher ones to be wrong


@pytest.mark.parametrize(("entry", "level", "how", "bad"), [
    (P | RW | US | A | D | G | 0x7 << 9 | 0x7FF << 52, 1, {}, 0),
    (P | PS, 1, {}, 0),                              # PAT
    (P | 1 << 46, 1, {}, 1 << 46),
    (P | 1 << 51, 3, {}, 1 << 51),
    (P | XD, 1, {}, 0),
    (P | XD, 2, {"nxe": False}, XD),
    (P | PS, 4, {}, PS),
    (P | PS, 5, {"mode": LEVELS_5}, PS),
    (P | PS | 1 << 12, 2, {}, 0),                    # PAT of a large page
    (P | PS | 1 << 13, 2, {}, 1 << 13),
    (P | PS | 1 << 20, 2, {}, 1 << 20),
    (P | 1 << 20, 2, {}, 0),                         # part of a table's address
    (P | PS | 1 << 12, 3, {}, 0),
    (P | PS | 1 << 13, 3, {}, 1 << 13),
    (P | PS | 1 << 29, 3, {}, 1 << 29),
    (P | PS, 3, {"page_1g": False}, PS),
    (P | 1 << 52, 1, {"mode": PAE}, 1 << 52),        # PAE paging ignores nothing above the address
    (P | XD, 1, {"mode": PAE}, 0),
    (P | XD, 1, {"mode": PAE, "nxe": False}, XD),
    (P | PS | 1 << 13, 2, {"mode": PAE}, 1 << 13),
    (P | PS | 0x1F_E000, 2, {"mode": BITS_32, "pse": True}, 0),          # bits 39:32 of the address
    (P | PS | 1 << 21, 2, {"mode": BITS_32, "pse": True}, 1 << 21),
    (P | PS | 1 << 17, 2, {"mode": BITS_32, "pse": True, "maxphyaddr": 36}, 1 << 17),
    (P | PS | 1 << 21, 2, {"mode": BITS_32}, 0),     # without CR4.PSE bit 7 is ignored
    (P | 1 << 21, 2, {"mode": BITS_32, "pse": True}, 0)])
def test_reserved_bits(entry: int, level: int, how: dict[str, Any], bad: int) -> None:
    assert shape(**how).reserved_bits(entry, level) == bad


def test_nothing_is_reserved_in_an_address_of_52_bits() -> None:
    assert shape(maxphyaddr=52).reserved_bits(P | 1 << 51, 1) == 0


def test_a_reserved_bit_ends_the_walk() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x5000 | P | XD)
    assert walk(hw).mapped
    found = walk(hw, nxe=False)
    assert found.present and found.reserved and not found.mapped


def test_a_1g_page_is_found_in_two_steps() -> None:
    hw = new_hardware()
    map_page(hw, HOST_CR3, LA, 0x8000_0000 | 1 << 12 | PS | P | RW | G, level=3)
    found = walk(hw)
    assert [step.level for step in found.steps] == [4, 3] and found.global_
    assert (found.address, found.page, found.size) == (0x8000_0000 | LA & 0x3FFF_FFFF, 0x8000_0000, PAGE_1G)


def test_five_levels_start_at_bit_48() -> None:
    hw = new_hardware()
    la = 3 << 48 | LA
    write64(hw, HOST_CR3 + 8 * 3, 0x9000 | P | RW | US)
    map_page(hw, 0x9000, LA, 0x5000 | P | RW | US)
    found = software_walk(lambda pa: read64(hw, pa), shape(LEVELS_5), HOST_CR3, la)
    assert [step.level for step in found.steps] == [5, 4, 3, 2, 1] and found.address == 0x5ABC


# -- PAE: the PDPTEs are registers ------------------------------------------------------------------------------------------

PDPT = 0x1020                             # a multiple of 32
DIRECTORY = 0x9000
LA_32 = 0xC060_1238                       # the fourth PDPTE, PDE 3, PTE 1


def pae_tables(hw: Hardware) -> tuple[int, int, int, int]:
    """LA_32 is mapped to 0x5238; the PDPTEs as a load of CR3 reads them."""
    write64(hw, PDPT + 24, DIRECTORY | P)
    write64(hw, DIRECTORY + 8 * 3, 0xA000 | P | RW | US)
    write64(hw, 0xA000 + 8 * 1, 0x5000 | P | RW | US)
    pdptes = read_pdptes(lambda pa: read64(hw, pa), PDPT | 0x18)
    assert pdptes == (0, 0, 0, DIRECTORY | P)
    return pdptes


def test_a_pae_walk_starts_at_a_register_and_reads_two_entries() -> None:
    hw = new_hardware()
    pdptes = pae_tables(hw)
    write64(hw, PDPT + 24, 0)                                     # memory does not matter once they are loaded
    found = software_walk(lambda pa: read64(hw, pa), shape(PAE), PDPT, LA_32, pdptes)
    assert [(step.level, step.address) for step in found.steps] == [(2, DIRECTORY + 24), (1, 0xA008)]
    assert found.mapped and found.write and found.user and found.address == 0x5238      # a PDPTE takes no rights away
    missing = software_walk(lambda pa: read64(hw, pa), shape(PAE), PDPT, LA_32 & 0x3FFF_FFFF, pdptes)
    assert missing == Walk((), False, False)


def test_a_pae_directory_maps_2m_pages() -> None:
    hw = new_hardware()
    pdptes = pae_tables(hw)
    write64(hw, DIRECTORY + 8 * 3, 0x4000_0000 | P | PS)
    found = software_walk(lambda pa: read64(hw, pa), shape(PAE), PDPT, LA_32, pdptes)
    assert (found.page, found.size, found.address) == (0x4000_0000, PAGE_2M, 0x4000_1238)


@pytest.mark.parametrize(("entry", "problem"), [
    (P | 0x18 | 0xE00 | 0x5000, ""), (0xFFFF_FFFF_FFFF_FFFE, ""), (P | 2, "not set the reserved bits 0x2"),
    (P | US, "not set the reserved bits 0x4"), (P | 0x1E0, "not set the reserved bits 0x1e0"),
    (P | 1 << 46, "not set the reserved bits 0x400000000000"), (P | XD, "not set the reserved bits 0x8000000000000000")])
def test_what_a_pdpte_may_hold(entry: int, problem: str) -> None:
    assert pdpte_problem(entry, 46) == problem
    assert pdptes_problem((0, 0, entry, 0), 46) == (f"{problem} of PDPTE2" if problem else "")


def test_pdptes_without_memory_cannot_be_read() -> None:
    assert read_pdptes(lambda pa: None if pa == PDPT + 8 else 0, PDPT) is None


# -- 32-bit paging ----------------------------------------------------------------------------------------------------------


def test_32_bit_entries_share_a_cell_of_memory() -> None:
    hw = new_hardware()
    la = 5 << 22 | 3 << 12 | 0x238
    write64(hw, HOST_CR3 + 16, (0x9000 | P | RW | US) << 32)        # PDE 5: the high half of its cell
    write64(hw, 0x9008, (0x5000 | P | US) << 32 | 0xFFFF_F000)      # PTE 3 is not present in the low half, PTE 3 of it high
    found = software_walk(lambda pa: read64(hw, pa & ~7), shape(BITS_32), HOST_CR3, la)
    assert [(step.level, step.address, step.value) for step in found.steps] == [
        (2, HOST_CR3 + 20, 0x9000 | P | RW | US), (1, 0x900C, 0x5000 | P | US)]
    assert found.address == 0x5238 and found.user and found.execute and not found.write


@pytest.mark.parametrize(("pse", "size"), [(True, PAGE_4M), (False, PAGE_4K)])
def test_a_4m_page_needs_pse_and_may_lie_above_4g(pse: bool, size: int) -> None:
    hw = new_hardware()
    entry = 0x0080_0000 | 0x3 << 13 | P | PS
    write64(hw, HOST_CR3, entry)
    write64(hw, entry & ~0xFFF, 0x5000 | P)
    found = software_walk(lambda pa: read64(hw, pa & ~7), shape(BITS_32, pse=pse), HOST_CR3, 0x238)
    assert (found.size, found.address) == (size, 0x3_0080_0238 if pse else 0x5238)


def test_an_entry_is_put_back_into_its_half() -> None:
    small = shape(BITS_32)
    assert small.cell(0x1004, 0x1111_1111_2222_2222, 0x3333_3333) == 0x3333_3333_2222_2222
    assert small.cell(0x1000, 0x1111_1111_2222_2222, 0x3333_3333) == 0x1111_1111_3333_3333
    assert shape().cell(0x1000, 1, 2) == 2


def test_without_paging_an_address_is_itself() -> None:
    found = software_walk(lambda pa: None, shape(NO_PAGING), HOST_CR3, LA_32)
    assert found.mapped and found.address == LA_32 and found.size == PAGE_1G and found.steps == ()


@pytest.mark.parametrize("mode", [LEVELS_4, BITS_32])
def test_a_table_without_memory_is_named(mode: str) -> None:
    found = software_walk(lambda pa: None, shape(mode), HOST_CR3 | 0xABC, 0)
    assert not found.present and found.unbacked == HOST_CR3 and found.steps == ()
