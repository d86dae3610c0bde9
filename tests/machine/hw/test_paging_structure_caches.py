"""Paging-structure caches: what is kept of upper levels, where a walk begins below it, what removes it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import access, ept, invalidate
from kvmdbg.machine.hw.controls import CR0_PG, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PSE, EFER_LMA, EFER_LME
from kvmdbg.machine.hw.events import Hit, Invalidated, Referenced
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import PS, RW, US, XD, A, G, P, index
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from support import EPT_WB_4LEVEL, HOST_CR3, enter_non_root, events, flat_descriptors, map_ept, map_page, new_hardware

CAPS = Caps(paging_structure_caches=True)
LA, NEAR, FAR = 0x40_1000, 0x40_5000, 0x40_0000_0000         # NEAR lies under the same PDE, FAR under another PML4E entry's PDPTE
DATA, OTHER = 0x2345_6000, 0x2345_7000
LEAF = DATA | P | RW | US
M2, G1, G512 = 1 << 21, 1 << 30, 1 << 39
EPTP = 0x7000 | EPT_WB_4LEVEL
EPTP_AD = EPTP | ept.EPTP_AD
WB = 6 << 3


def bare(caps: Caps = CAPS) -> tuple[Hardware, Cpu]:
    """No EPT; LA, NEAR and FAR are mapped."""
    hw = new_hardware(caps)
    for la in (LA, NEAR, FAR):
        map_page(hw, HOST_CR3, la, LEAF)
    return hw, hw.cpus[0]


def tables(hw: Hardware, kind: str = LINEAR) -> dict[TlbKey, TlbEntry]:
    """What the paging-structure caches hold of a kind."""
    return {key: entry for key, entry in hw.tlb[0].items() if key.kind == kind and key.table_level}


def levels(hw: Hardware, kind: str = LINEAR) -> list[tuple[int, int]]:
    """(level, first address) of each."""
    return sorted((key.table_level, key.page) for key in tables(hw, kind))


def read_levels(hw: Hardware, start: int, structure: str = "guest") -> list[int]:
    return [event.level for event in events(hw, Referenced, start=start) if event.structure == structure]


def upper_hits(hw: Hardware, start: int) -> list[tuple[str, int]]:
    return [(event.key.kind, event.key.table_level) for event in events(hw, Hit, start=start) if event.key.table_level]


def entry_of(hw: Hardware, la: int, level: int) -> int:
    """Physical address of the paging-structure entry for `la` at `level`."""
    table = HOST_CR3
    for at in range(4, level, -1):
        table = read64(hw, table + index(la, at) * 8) & 0xF_FFFF_FFFF_F000
    return table + index(la, level) * 8


# -- linear -------------------------------------------------------------------------------------------------------------


def test_without_the_capability_nothing_of_upper_levels_is_kept() -> None:
    hw, cpu = bare(Caps())
    access.load(hw, cpu, LA)
    assert tables(hw) == {}


def test_a_walk_keeps_each_upper_level_with_the_table_that_it_names() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    assert levels(hw) == [(2, LA & -M2), (3, 0), (4, 0)]
    key = TlbKey(LINEAR, 0, 0, NONE, LA & -M2, M2, 2)
    assert tables(hw)[key].frame == entry_of(hw, LA, 1) & -0x1000


def test_a_neighbour_is_walked_from_the_deepest_entry() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    here = hw.tape.cursor
    access.load(hw, cpu, NEAR)
    assert upper_hits(hw, here) == [(LINEAR, 2)] and read_levels(hw, here) == [1]
    here = hw.tape.cursor
    access.load(hw, cpu, FAR)
    assert upper_hits(hw, here) == [(LINEAR, 4)] and read_levels(hw, here) == [3, 2, 1]


def test_rights_are_those_of_all_levels_above() -> None:
    hw, cpu = bare()
    for level, taken in ((4, RW), (3, US), (2, 0)):
        write64(hw, entry_of(hw, LA, level), read64(hw, entry_of(hw, LA, level)) & ~taken)
    write64(hw, entry_of(hw, LA, 2), read64(hw, entry_of(hw, LA, 2)) | XD)
    access.load(hw, cpu, LA)
    rights = {key.table_level: (entry.write, entry.user, entry.execute) for key, entry in tables(hw).items() if key.page < G512}
    assert rights == {4: (False, True, True), 3: (False, False, True), 2: (False, False, False)}
    found = next(entry for key, entry in hw.tlb[0].items() if not key.table_level)
    assert (found.write, found.user, found.execute) == (False, False, False)


def test_a_translation_made_below_a_cached_entry_has_its_rights() -> None:
    hw, cpu = bare()
    write64(hw, entry_of(hw, LA, 4), read64(hw, entry_of(hw, LA, 4)) & ~(RW | US))
    access.load(hw, cpu, LA)
    access.load(hw, cpu, NEAR)
    entry = hw.tlb[0][TlbKey(LINEAR, 0, 0, NONE, NEAR, 0x1000)]
    assert (entry.write, entry.user, entry.execute) == (False, False, True)


def test_a_change_of_an_upper_level_hides_behind_a_lower_entry_until_it_goes() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    elsewhere = 0x99_0000
    write64(hw, elsewhere + index(NEAR, 1) * 8, OTHER | P | RW | US)
    write64(hw, entry_of(hw, LA, 2), elsewhere | P | RW | US | A)
    assert access.translate(hw, cpu, NEAR, "read") == DATA
    invalidate.invlpg(hw, cpu, NEAR)
    assert access.translate(hw, cpu, NEAR, "read") == OTHER


def test_an_invlpg_of_any_page_drops_all_of_them_an_invpcid_those_on_the_path() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    access.load(hw, cpu, FAR)
    invalidate.invpcid(hw, cpu, 0, 0, FAR)
    assert levels(hw) == [(2, LA & -M2), (3, 0)]           # FAR's, and the PML4E that both share, have gone
    invalidate.invlpg(hw, cpu, 0x7000_0000_0000)
    assert levels(hw) == [] and len(hw.tlb[0]) == 1


def test_global_pages_have_upper_levels_that_are_not() -> None:
    hw, cpu = bare()
    cpu.cr4 |= CR4_PGE | CR4_PCIDE
    cpu.cr3 |= 3
    map_page(hw, HOST_CR3, LA, LEAF | G)
    access.load(hw, cpu, LA)
    assert {key.pcid for key in tables(hw)} == {3}
    invalidate.mov_cr3(hw, cpu, HOST_CR3 | 3)
    assert [key.pcid for key, _ in hw.tlb[0].items()] == [GLOBAL]


def test_another_pcid_does_not_use_them() -> None:
    hw, cpu = bare()
    cpu.cr4 |= CR4_PCIDE
    access.load(hw, cpu, LA)
    cpu.cr3 |= 1
    here = hw.tape.cursor
    access.load(hw, cpu, LA)
    assert upper_hits(hw, here) == [] and len(tables(hw)) == 6


def test_a_page_fault_drops_those_on_its_path_only() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    access.load(hw, cpu, FAR)
    write64(hw, entry_of(hw, NEAR, 1), 0)
    here = hw.tape.cursor
    with pytest.raises(GuestFault):
        access.load(hw, cpu, NEAR)
    dropped = events(hw, Invalidated, start=here)[0].dropped
    assert [(key.table_level, key.page) for key in dropped] == [(3, 0), (4, 0), (2, LA & -M2)]
    assert levels(hw) == [(2, FAR), (3, FAR & -G1)]


def test_no_entry_is_kept_of_a_walk_that_faults() -> None:
    """The #PF would drop it at once."""
    hw, cpu = bare()
    with pytest.raises(GuestFault):
        access.load(hw, cpu, LA + 0x8000)
    assert levels(hw) == [] and events(hw, Invalidated) == []


def test_a_large_page_has_no_entry_at_its_own_level() -> None:
    hw, cpu = bare()
    map_page(hw, HOST_CR3, 0x4000_0000, 0x8000_0000 | P | RW | PS, level=2)
    access.load(hw, cpu, 0x4000_0000)
    assert levels(hw) == [(3, G1), (4, 0)]


def test_one_that_is_cached_already_is_left_alone() -> None:
    hw, cpu = bare()
    access.load(hw, cpu, LA)
    before = tables(hw)
    invalidate.invpcid(hw, cpu, 2, 0, 0)
    for key, entry in before.items():
        hw.tlb[0][key] = entry
    access.store(hw, cpu, LA, 1)
    assert tables(hw) == before


def test_pae_paging_keeps_pdes_only() -> None:
    hw, cpu = bare()
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    cpu.pdptes = (0x2_0000 | P, 0, 0, 0)
    write64(hw, 0x2_0000 + 2 * 8, 0x3_0000 | P | RW)
    write64(hw, 0x3_0000 + 8, LEAF)
    access.load(hw, cpu, LA)
    assert levels(hw) == [(2, LA & -M2)]
    here = hw.tape.cursor
    invalidate.invpcid(hw, cpu, 0, 0, FAR)
    write64(hw, 0x3_0000 + 5 * 8, LEAF)
    access.load(hw, cpu, NEAR)
    assert read_levels(hw, here) == [1]


def test_32_bit_paging_keeps_pdes_of_4_mib() -> None:
    hw, cpu = bare()
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    cpu.cr4 = cpu.cr4 & ~CR4_PAE | CR4_PSE
    cpu.cr3 = 0x5_0000
    write64(hw, 0x5_0000, (0x6_0000 | P | RW) << 32)                  # the PDE of 4 MiB .. 8 MiB
    write64(hw, 0x6_0000, (0x7_0000 | P | RW) << 32)
    access.load(hw, cpu, LA)
    assert levels(hw) == [(2, 0x40_0000)] and [key.size for key in tables(hw)] == [0x40_0000]
    assert next(iter(tables(hw).values())).frame == 0x6_0000


def test_5_level_paging_keeps_pml5es_too() -> None:
    hw, cpu = bare(CAPS._replace(la57=True))
    cpu.cr4 |= CR4_LA57
    cpu.cr3 = 0x5_0000
    write64(hw, 0x5_0000, HOST_CR3 | P | RW | US)
    access.load(hw, cpu, LA)
    assert [level for level, _ in levels(hw)] == [2, 3, 4, 5]


def test_without_paging_there_are_none() -> None:
    hw, cpu = guest()
    cpu.cr0 &= ~CR0_PG
    access.load(hw, cpu, DATA)
    assert tables(hw, COMBINED) == {} and levels(hw, GUEST_PHYSICAL) != []


# -- EPT ----------------------------------------------------------------------------------------------------------------

GUEST_BASE = 0x10_0000_0000              # guest-physical address g lies at GUEST_BASE + g
TABLES = {4: 0x1_0000, 3: 0x20_0000, 2: 0x40_0000, 1: 0x60_0000}     # one 2-MiB range each


def guest(eptp: int = EPTP, caps: Caps = CAPS, *, accessed: int = 0) -> tuple[Hardware, Cpu]:
    """A guest with VPID 5 whose tables are at TABLES; LA and NEAR are mapped to DATA, and EPT maps all of it.

    accessed: flags of the guest's upper entries.
    """
    hw = new_hardware(caps)
    for at in range(4, 1, -1):
        write64(hw, GUEST_BASE + TABLES[at] + index(LA, at) * 8, TABLES[at - 1] | P | RW | US | accessed)
    for la in (LA, NEAR):
        write64(hw, GUEST_BASE + TABLES[1] + index(la, 1) * 8, LEAF)
    for gpa in (*TABLES.values(), DATA):
        map_gpa(hw, gpa)
    cpu = hw.cpus[0]
    enter_non_root(cpu, 5, eptp)
    cpu.cr3 = TABLES[4]
    cpu.descriptors = flat_descriptors()
    return hw, cpu


def map_gpa(hw: Hardware, gpa: int, rights: int = 7) -> int:
    return map_ept(hw, EPTP, gpa, GUEST_BASE + gpa & -0x1000 | rights | WB)


def shape(hw: Hardware, start: int = 0) -> str:
    """The references as text: E for an EPT entry, g for a guest one."""
    return "".join("E" if event.structure == "ept" else "g" for event in events(hw, Referenced, start=start))


def test_a_cold_walk_makes_fewer_references_than_24() -> None:
    """The five tables and pages lie in one GiB: their EPT walks share the upper two levels."""
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    assert shape(hw) == "EEEEg" + "EEg" * 3 + "EE"
    assert levels(hw, COMBINED) == [(2, LA & -M2), (3, 0), (4, 0)]


def test_a_combined_entry_names_the_table_by_both_addresses() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    entry = tables(hw, COMBINED)[TlbKey(COMBINED, 5, 0, EPTP >> 12, LA & -M2, M2, 2)]
    assert (entry.gpa, entry.frame) == (TABLES[1], GUEST_BASE + TABLES[1])


def test_a_neighbour_costs_one_reference_of_the_guest() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    here = hw.tape.cursor
    access.load(hw, cpu, NEAR)
    assert shape(hw, here) == "g"                          # EPT is not asked for the table; DATA is a guest-physical hit
    assert upper_hits(hw, here) == [(COMBINED, 2)]


def test_a_combined_entry_outlives_the_guest_physical_mapping_of_its_table() -> None:
    """Until INVEPT: a page table that EPT has moved is read where it was."""
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    map_ept(hw, EPTP, TABLES[1], GUEST_BASE + 0x70_0000 | 7 | WB)
    write64(hw, GUEST_BASE + 0x70_0000 + index(NEAR, 1) * 8, OTHER | P | RW | US)
    map_gpa(hw, OTHER)
    invalidate.invept(hw, cpu, 2, 0)
    assert tables(hw, COMBINED) == tables(hw, GUEST_PHYSICAL) == {}
    assert access.translate(hw, cpu, NEAR, "read") == GUEST_BASE + OTHER
    map_gpa(hw, TABLES[1])
    invalidate.ept_violation(hw, cpu, TABLES[1], None)
    assert access.translate(hw, cpu, LA + 0x4000, "read") == GUEST_BASE + OTHER


def test_the_accessed_flag_goes_where_the_entry_was_read() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    moved = GUEST_BASE + 0x70_0000
    map_ept(hw, EPTP, TABLES[1], moved | 7 | WB)
    access.load(hw, cpu, NEAR)
    assert read64(hw, GUEST_BASE + TABLES[1] + index(NEAR, 1) * 8) & A
    assert read64(hw, moved + index(NEAR, 1) * 8) == 0


def test_a_table_that_ept_does_not_let_be_written_has_no_combined_entry() -> None:
    hw, cpu = guest(accessed=A)
    for la in (LA, NEAR):
        write64(hw, GUEST_BASE + TABLES[1] + index(la, 1) * 8, LEAF | A)
    map_gpa(hw, TABLES[1], 5)
    access.load(hw, cpu, LA)
    assert [level for level, _ in levels(hw, COMBINED)] == [3, 4]


def test_a_walk_that_an_exit_stops_keeps_what_it_has_passed() -> None:
    """What lies below is not there yet: the page table has no mapping in EPT."""
    hw, cpu = guest(accessed=A)
    leaf = map_gpa(hw, TABLES[1])
    write64(hw, leaf, 0)
    with pytest.raises(VmExit):
        access.load(hw, cpu, LA)
    assert [level for level, _ in levels(hw, COMBINED)] == [3, 4]
    map_gpa(hw, TABLES[1])
    here = hw.tape.cursor
    access.load(hw, cpu, LA)
    assert read_levels(hw, here) == [2, 1]


def test_nor_is_one_kept_whose_accessed_flag_is_clear() -> None:
    hw, cpu = guest()
    write64(hw, map_gpa(hw, TABLES[1]), 0)
    with pytest.raises(VmExit):
        access.load(hw, cpu, LA)
    assert levels(hw, COMBINED) == []


def test_with_ept_flags_tables_are_written_and_kept_all_the_same() -> None:
    hw, cpu = guest(EPTP_AD)
    access.load(hw, cpu, LA)
    assert [level for level, _ in levels(hw, COMBINED)] == [2, 3, 4]
    assert all(read64(hw, step.address) & ept.ACCESSED
               for step in ept.software_walk(lambda pa: read64(hw, pa), EPTP, DATA, hw.caps).steps)


@pytest.mark.parametrize("eptp, kept", [(EPTP, [2, 3, 4]), (EPTP_AD, [4])])
def test_a_misconfigured_entry_is_not_kept_what_lies_above_is(eptp: int, kept: list[int]) -> None:
    """With accessed flags of EPT enabled only what has been used before, by the walks for the guest's tables."""
    hw, cpu = guest(eptp)
    map_ept(hw, EPTP, 1 << 34, GUEST_BASE | 2)
    write64(hw, GUEST_BASE + TABLES[1] + index(LA, 1) * 8, 1 << 34 | P | RW | US)
    with pytest.raises(VmExit):
        access.load(hw, cpu, LA)
    assert [level for level, page in levels(hw, GUEST_PHYSICAL) if page in (1 << 34, 0) and (level == 4 or page)] == kept


def test_an_ept_violation_drops_the_path_of_the_address() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    map_ept(hw, EPTP, 1 << 34, GUEST_BASE | 7 | WB)
    access.physical_access(hw, cpu, 1 << 34, "read")
    invalidate.ept_violation(hw, cpu, 1 << 34, None)
    assert not [page for _, page in levels(hw, GUEST_PHYSICAL) if page == 1 << 34]
    assert (2, TABLES[3] & -M2) in levels(hw, GUEST_PHYSICAL) and (4, 0) not in levels(hw, GUEST_PHYSICAL)
    assert len(levels(hw, COMBINED)) == 3
    invalidate.ept_violation(hw, cpu, DATA, LA)
    assert levels(hw, COMBINED) == []


def test_fewer_rights_in_a_cached_entry_cost_one_violation() -> None:
    hw, cpu = guest()
    map_gpa(hw, DATA + 0x1000)
    cell = 0x7000 + index(DATA, 4) * 8
    full = read64(hw, cell)
    write64(hw, cell, full & ~ept.WRITE)
    access.physical_access(hw, cpu, DATA, "read")
    write64(hw, cell, full)
    with pytest.raises(VmExit):
        access.physical_access(hw, cpu, DATA + 0x1000, "write", 1)
    access.physical_access(hw, cpu, DATA + 0x1000, "write", 1)


def test_they_take_no_room_from_translations() -> None:
    hw, cpu = bare(CAPS._replace(tlb_capacity=1))
    access.load(hw, cpu, LA)
    access.load(hw, cpu, NEAR)
    assert [key.page for key, _ in hw.tlb[0].items() if not key.table_level] == [NEAR] and len(tables(hw)) == 3
