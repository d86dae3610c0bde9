"""Accesses: page walks in one and two dimensions, rights, flags, faults."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw import access, ept, invalidate
from kvmdbg.machine.hw.controls import (
    CR0_PG,
    CR0_WP,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PSE,
    CR4_SMAP,
    CR4_SMEP,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
)
from kvmdbg.machine.hw.events import Accessed, Evicted, Hit, Invalidated, Referenced
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.memory import FIRST_FRAME, read64, write64
from kvmdbg.machine.hw.paging import PAGE_1G, PAGE_2M, PAGE_4K, PAGE_4M, PS, RW, US, XD, A, D, G, P, index, software_walk
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbKey
from support import EPT_WB_4LEVEL, HOST_CR3, enter_non_root, events, flat_descriptors, map_ept, map_page, new_hardware

LA = 0x40_1238
PAGE = 0x40_1000
DATA = 0x2345_6000                       # where the page lies: physical, or guest-physical under EPT
EPTP = 0x7000 | EPT_WB_4LEVEL
RWX_WB = 7 | 6 << 3


# -- one dimension ------------------------------------------------------------------------------------------------------

def bare(leaf: int = DATA | P | RW | US, level: int = 1, caps: Caps = Caps()) -> tuple[Hardware, Cpu, int]:
    """A processor without EPT on which LA's leaf is `leaf`; with the leaf's physical address."""
    hw = new_hardware(caps)
    cell = map_page(hw, HOST_CR3, LA, leaf, level)
    return hw, hw.cpus[0], cell


def test_a_load_walks_once_and_then_hits() -> None:
    hw, cpu, cell = bare()
    write64(hw, DATA + 0x238, 42)
    assert access.load(hw, cpu, LA) == 42
    references = events(hw, Referenced)
    assert [(event.structure, event.level) for event in references] == [("guest", level) for level in (4, 3, 2, 1)]
    assert (references[-1].pa, references[-1].value) == (cell, DATA | P | RW | US)
    key = TlbKey(LINEAR, 0, 0, NONE, PAGE, PAGE_4K)
    assert list(hw.tlb[0]) == [key]
    here = hw.tape.cursor
    assert access.load(hw, cpu, LA + 8) == 0
    assert events(hw, start=here) == [Hit(0, key, "read", LA + 8), Accessed(0, "read", LA + 8, DATA + 0x240, 0)]


def test_a_store_writes_and_a_fetch_reads() -> None:
    hw, cpu, _ = bare()
    access.store(hw, cpu, LA, 1 << 64 | 7)
    assert read64(hw, DATA + 0x238) == 7 == access.fetch(hw, cpu, LA)
    assert events(hw, Accessed) == [Accessed(0, "write", LA, DATA + 0x238, 7), Accessed(0, "fetch", LA, DATA + 0x238, 7)]


def test_an_unaligned_access_is_of_the_eight_bytes_around_it() -> None:
    hw, cpu, _ = bare()
    access.store(hw, cpu, LA + 5, 9)
    assert access.load(hw, cpu, LA + 7) == 9 and read64(hw, DATA + 0x238) == 9


def test_a_2m_page_is_cached_as_one_translation() -> None:
    hw, cpu, _ = bare(0x4000_0000 | P | PS, level=2)
    assert access.translate(hw, cpu, LA, "read") == 0x4000_1238
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 0, NONE, 0x40_0000, PAGE_2M)]
    assert access.translate(hw, cpu, 0x5F_FFFF, "read") == 0x401F_FFFF
    assert len(events(hw, Referenced)) == 3


def test_a_is_set_at_every_level_and_d_in_the_leaf_on_a_write() -> None:
    hw, cpu, cell = bare()
    access.load(hw, cpu, LA)
    walk = software_walk(lambda pa: read64(hw, pa), access.paging_of(hw, cpu), HOST_CR3, LA)
    assert all(step.value & A for step in walk.steps) and not walk.dirty
    access.store(hw, cpu, LA, 1)
    assert read64(hw, cell) & D
    assert not any(read64(hw, step.address) & D for step in walk.steps[:3])


def test_a_write_through_a_clean_entry_walks_again_and_the_next_one_does_not() -> None:
    hw, cpu, _ = bare()
    access.load(hw, cpu, LA)
    access.store(hw, cpu, LA, 1)
    access.store(hw, cpu, LA, 2)
    assert len(events(hw, Referenced)) == 8
    assert [entry.dirty for _, entry in hw.tlb[0].items()] == [True]


def test_the_walk_for_d_replaces_the_entry_even_if_the_page_changed_size() -> None:
    hw, cpu, _ = bare()
    access.load(hw, cpu, LA)
    map_page(hw, HOST_CR3, LA, 0x4000_0000 | P | RW | PS, level=2)
    access.store(hw, cpu, LA, 1)
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 0, NONE, 0x40_0000, PAGE_2M)]


def test_after_software_clears_d_the_processor_need_not_set_it_again() -> None:
    hw, cpu, cell = bare()
    access.store(hw, cpu, LA, 1)
    write64(hw, cell, DATA | P | RW | US)
    access.store(hw, cpu, LA, 2)
    assert not read64(hw, cell) & (A | D)


def test_a_global_page_is_global_only_with_cr4_pge() -> None:
    hw, cpu, _ = bare(DATA | P | G)
    cpu.cr4 |= CR4_PCIDE
    cpu.cr3 = HOST_CR3 | 3
    access.load(hw, cpu, LA)
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 3, NONE, PAGE, PAGE_4K)]
    cpu.cr4 |= CR4_PGE
    cpu.cr3 = HOST_CR3 | 4
    access.load(hw, cpu, LA)
    assert hw.tlb[0][TlbKey(LINEAR, 0, GLOBAL, NONE, PAGE, PAGE_4K)].pcid == 4


def test_a_stale_translation_is_used_until_it_is_invalidated() -> None:
    hw, cpu, cell = bare()
    access.load(hw, cpu, LA)
    write64(hw, cell, 0)
    assert access.translate(hw, cpu, LA, "read") == DATA + 0x238
    invalidate.invlpg(hw, cpu, LA)
    with pytest.raises(GuestFault, match="#PF"):
        access.load(hw, cpu, LA)


USER, SUPERVISOR = 3, 0


@pytest.mark.parametrize("cached", [False, True], ids=["walked", "cached"])
@pytest.mark.parametrize(("leaf", "cpl", "kind", "cr0", "cr4", "ac", "code"), [
    (P | RW | US, USER, "write", CR0_WP, 0, 0, None),
    (P | US, USER, "read", CR0_WP, 0, 0, None),
    (P | US, USER, "write", CR0_WP, 0, 0, 0x7),
    (P | US, USER, "write", 0, 0, 0, 0x7),                        # CR0.WP is for supervisor writes
    (P | RW, USER, "read", CR0_WP, 0, 0, 0x5),
    (P | RW, USER, "fetch", CR0_WP, 0, 0, 0x15),
    (P | US | XD, USER, "fetch", CR0_WP, 0, 0, 0x15),
    (P, SUPERVISOR, "read", CR0_WP, 0, 0, None),
    (P, SUPERVISOR, "write", CR0_WP, 0, 0, 0x3),
    (P, SUPERVISOR, "write", 0, 0, 0, None),
    (P | XD, SUPERVISOR, "fetch", CR0_WP, 0, 0, 0x11),
    (P | US, SUPERVISOR, "fetch", CR0_WP, 0, 0, None),
    (P | US, SUPERVISOR, "fetch", CR0_WP, CR4_SMEP, 0, 0x11),
    (P, SUPERVISOR, "fetch", CR0_WP, CR4_SMEP, 0, None),
    (P | US, USER, "fetch", CR0_WP, CR4_SMEP, 0, None),
    (P | RW | US, SUPERVISOR, "read", CR0_WP, CR4_SMAP, 0, 0x1),
    (P | RW | US, SUPERVISOR, "write", CR0_WP, CR4_SMAP, 0, 0x3),
    (P | RW | US, SUPERVISOR, "write", CR0_WP, CR4_SMAP, access.RFLAGS_AC, None),
    (P | US, SUPERVISOR, "fetch", CR0_WP, CR4_SMAP, 0, None),
])
def test_rights(leaf: int, cpl: int, kind: str, cr0: int, cr4: int, ac: int, code: int | None, cached: bool) -> None:
    """SDM Vol. 3A 4.6, 4.7; the same whether the rights come from a walk or from the TLB."""
    hw, cpu, _ = bare(DATA | leaf | D)
    if cached:
        access.load(hw, cpu, LA)
    cpu.descriptors = flat_descriptors(cpl)
    cpu.cr0 = cpu.cr0 & ~CR0_WP | cr0
    cpu.cr4 |= cr4
    cpu.rflags |= ac
    if code is None:
        assert access.translate(hw, cpu, LA, kind) == DATA + 0x238
        return
    with pytest.raises(GuestFault) as fault:
        access.translate(hw, cpu, LA, kind)
    assert (fault.value.vector, fault.value.error_code, fault.value.address) == ("#PF", code, LA)
    assert len(hw.tlb[0]) == 0 and len(events(hw, Invalidated)) == cached


@pytest.mark.parametrize(("leaf", "kind", "nxe", "code"), [
    (0, "read", True, 0x0), (0, "write", True, 0x2), (0, "fetch", True, 0x10), (0, "fetch", False, 0x0),
    (P | 1 << 46, "read", True, 0x9), (P | 1 << 46, "write", True, 0xB), (P | XD, "read", False, 0x9),
])
def test_a_walk_that_ends_early(leaf: int, kind: str, nxe: bool, code: int) -> None:
    hw, cpu, cell = bare(leaf)
    if not nxe:
        cpu.efer &= ~EFER_NXE
    with pytest.raises(GuestFault) as fault:
        access.translate(hw, cpu, LA, kind)
    assert (fault.value.error_code, len(hw.tlb[0])) == (code, 0)
    assert events(hw, Invalidated) == [] and read64(hw, cell) == leaf


def test_a_stale_entry_costs_one_spurious_fault_at_most() -> None:
    hw, cpu, cell = bare(DATA | P)
    access.load(hw, cpu, LA)
    write64(hw, cell, DATA | P | RW)
    with pytest.raises(GuestFault):
        access.store(hw, cpu, LA, 1)
    access.store(hw, cpu, LA, 1)
    assert read64(hw, DATA + 0x238) == 1


@pytest.mark.parametrize("la", [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF])
def test_a_non_canonical_address_is_gp(la: int) -> None:
    hw, cpu, _ = bare()
    with pytest.raises(GuestFault, match="#GP"):
        access.load(hw, cpu, la)


def test_without_paging_and_ept_addresses_are_physical_and_nothing_is_cached() -> None:
    hw, cpu, _ = bare()
    cpu.cr0 &= ~CR0_PG
    access.store(hw, cpu, 0x5000, 3)
    assert read64(hw, 0x5000) == 3 and len(hw.tlb[0]) == 0
    assert access.translate(hw, cpu, 1 << 32 | 0x5000, "read") == 0x5000


def test_five_levels_and_57_bits() -> None:
    hw, cpu, _ = bare(caps=Caps(la57=True))
    la = 1 << 50 | LA
    with pytest.raises(GuestFault, match="#GP"):
        access.load(hw, cpu, la)
    cpu.cr4 |= CR4_LA57
    write64(hw, 0x8000 + 8 * (la >> 48), HOST_CR3 | P | RW | US)
    cpu.cr3 = 0x8000
    access.load(hw, cpu, la)
    assert [event.level for event in events(hw, Referenced)] == [5, 4, 3, 2, 1]
    with pytest.raises(GuestFault, match="#GP"):
        access.load(hw, cpu, 1 << 57)


def test_a_1g_page_is_cached_as_one_translation() -> None:
    hw, cpu, _ = bare(0x8000_0000 | P | PS, level=3)
    assert access.translate(hw, cpu, LA, "read") == 0x8000_0000 + LA
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 0, NONE, 0, PAGE_1G)]
    assert access.translate(hw, cpu, 0x3FFF_FFFF, "read") == 0xBFFF_FFFF
    assert len(events(hw, Referenced)) == 2


def test_without_1g_pages_their_bit_is_reserved() -> None:
    hw, cpu, _ = bare(0x8000_0000 | P | PS, level=3, caps=Caps(page_1g=False))
    with pytest.raises(GuestFault) as fault:
        access.load(hw, cpu, LA)
    assert fault.value.error_code == 0x9


def pae(cpu: Cpu) -> None:
    """PAE paging whose third PDPTE names the directory at 0x9000."""
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    cpu.pdptes = (0, 0, 0x9001, 0)


LA_PAE = 0x8040_1238


def test_a_pae_walk_reads_two_entries_and_sets_their_flags() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    pae(cpu)
    write64(hw, 0x9010, 0xA000 | P | RW | US)
    write64(hw, 0xA008, DATA | P | RW | US)
    access.store(hw, cpu, 0xFFFF_FFFF_0000_0000 | LA_PAE, 4)             # the high half of an address means nothing
    assert [(event.level, event.pa) for event in events(hw, Referenced)] == [(2, 0x9010), (1, 0xA008)]
    assert read64(hw, 0x9010) & (A | D) == A and read64(hw, 0xA008) & (A | D) == A | D
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 0, NONE, LA_PAE & ~0xFFF, PAGE_4K)]
    with pytest.raises(GuestFault, match="#PF"):
        access.load(hw, cpu, 0x1000)                                     # its PDPTE is not present


def test_a_pae_walk_under_ept_makes_14_references() -> None:
    hw, cpu = guest()
    pae(cpu)
    write64(hw, GUEST_BASE + 0x9010, 0x60_0000 | P)
    write64(hw, GUEST_BASE + 0x60_0008, DATA | P)
    map_gpa(hw, 0x9000)
    access.load(hw, cpu, LA_PAE)
    assert shape(hw) == "EEEEg" * 2 + "EEEE"


def bits_32(hw: Hardware, pse: bool = False) -> Cpu:
    """32-bit paging; LA is mapped by the odd halves of two cells."""
    cpu = hw.cpus[0]
    cpu.efer &= ~(EFER_LMA | EFER_LME)
    cpu.cr4 = CR4_PSE if pse else 0
    write64(hw, HOST_CR3, (0xA000 | P | RW | US) << 32 | 0xFFFF_F000)       # PDE 1
    write64(hw, 0xA000, (DATA | P | RW | US) << 32)                          # PTE 1
    return cpu


def test_a_32_bit_walk_sets_flags_in_its_half_of_the_cell() -> None:
    hw = new_hardware()
    access.store(hw, bits_32(hw), LA, 7)
    assert read64(hw, HOST_CR3) == (0xA000 | P | RW | US | A) << 32 | 0xFFFF_F000
    assert read64(hw, 0xA000) == (DATA | P | RW | US | A | D) << 32
    assert [(event.pa, event.value) for event in events(hw, Referenced)] == [
        (HOST_CR3 + 4, 0xA000 | P | RW | US), (0xA004, DATA | P | RW | US)]
    assert read64(hw, DATA + 0x238) == 7


def test_a_4m_page_is_cached_as_one_and_invalidated_as_one() -> None:
    hw = new_hardware()
    cpu = bits_32(hw, pse=True)
    write64(hw, HOST_CR3, (0x80_0000 | P | PS) << 32)
    assert access.translate(hw, cpu, LA, "read") == 0x80_1238
    assert list(hw.tlb[0]) == [TlbKey(LINEAR, 0, 0, NONE, 0x40_0000, PAGE_4M)]
    assert access.translate(hw, cpu, 0x7F_FFFF, "read") == 0xBF_FFFF
    invalidate.invlpg(hw, cpu, 0x7F_F000)
    assert len(hw.tlb[0]) == 0


@pytest.mark.parametrize(("cr4", "code"), [(0, 0x0), (CR4_PAE, 0x10)])
def test_a_fetch_is_told_apart_only_where_execution_can_be_disabled(cr4: int, code: int) -> None:
    hw = new_hardware()
    cpu = bits_32(hw)
    cpu.cr4 = cr4
    with pytest.raises(GuestFault) as fault:
        access.fetch(hw, cpu, 0xFFFF_F000)
    assert fault.value.error_code == code


def test_a_small_tlb_evicts() -> None:
    hw, cpu, _ = bare(caps=Caps(tlb_capacity=1))
    map_page(hw, HOST_CR3, LA + 0x1000, DATA | P)
    access.load(hw, cpu, LA)
    access.load(hw, cpu, LA + 0x1000)
    assert [event.key.page for event in events(hw, Evicted)] == [PAGE]


# -- two dimensions -----------------------------------------------------------------------------------------------------

GUEST_BASE = 0x10_0000_0000              # guest-physical address g lies at GUEST_BASE + g
GUEST_CR3 = 0x1_0000                     # guest-physical
TABLES = {4: 0x1_0000, 3: 0x20_0000, 2: 0x40_0000, 1: 0x60_0000}     # one 2-MiB range each


def entry_gpa(level: int) -> int:
    return TABLES[level] + index(LA, level) * 8


def guest(leaf: int = DATA | P | RW | US, level: int = 1, ept_level: int = 1, eptp: int = EPTP) -> tuple[Hardware, Cpu]:
    """A guest with VPID 5 whose tables are at TABLES and LA's leaf is `leaf`; EPT maps all of them, and DATA."""
    hw = new_hardware()
    for at in range(4, level, -1):
        write64(hw, GUEST_BASE + entry_gpa(at), TABLES[at - 1] | P | RW | US)
    write64(hw, GUEST_BASE + entry_gpa(level), leaf)
    for gpa in (*TABLES.values(), leaf & 0xF_FFFF_FFFF_F000):
        map_gpa(hw, gpa, level=ept_level)
    cpu = hw.cpus[0]
    enter_non_root(cpu, 5, eptp)
    cpu.cr3 = GUEST_CR3
    return hw, cpu


def map_gpa(hw: Hardware, gpa: int, rights: int = 7, level: int = 1) -> int:
    """Map the page of `gpa` to GUEST_BASE + gpa; the leaf's physical address."""
    size = PAGE_4K if level == 1 else PAGE_2M
    return map_ept(hw, EPTP, gpa, GUEST_BASE + gpa & -size | rights | 6 << 3 | (ept.LARGE if level == 2 else 0), level)


def shape(hw: Hardware, start: int = 0) -> str:
    """The references as text: E for an EPT entry, g for a guest one."""
    return "".join("E" if event.structure == "ept" else "g" for event in events(hw, Referenced, start=start))


def exits(hw: Hardware, cpu: Cpu, kind: str, la: int = LA) -> VmExit:
    with pytest.raises(VmExit) as leaves:
        access.translate(hw, cpu, la, kind)
    return leaves.value


def test_a_cold_walk_makes_24_references_in_the_order_of_the_manual() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    assert shape(hw) == "EEEEg" * 4 + "EEEE"
    walked = [event for event in events(hw, Referenced) if event.structure == "guest"]
    assert [(event.level, event.pa) for event in walked] == [
        (level, GUEST_BASE + entry_gpa(level)) for level in (4, 3, 2, 1)]


def test_a_guest_2m_page_makes_19() -> None:
    hw, cpu = guest(0x4000_0000 | P | PS, level=2)
    map_gpa(hw, 0x4000_1000)
    access.load(hw, cpu, LA)
    assert shape(hw) == "EEEEg" * 3 + "EEEE"


def test_2m_pages_in_ept_make_19() -> None:
    hw, cpu = guest(ept_level=2)
    access.load(hw, cpu, LA)
    assert shape(hw) == "EEEg" * 4 + "EEE"


def test_a_2m_page_under_a_1g_page_of_ept_is_cached_as_2m_and_the_other_way_round_too() -> None:
    hw, cpu = guest(0x4000_0000 | P | PS, level=2)
    map_ept(hw, EPTP, 0x4000_0000, GUEST_BASE + 0x4000_0000 | RWX_WB | ept.LARGE, level=3)
    assert access.translate(hw, cpu, LA, "read") == GUEST_BASE + 0x4000_1238
    assert TlbKey(COMBINED, 5, 0, 7, 0x40_0000, PAGE_2M) in hw.tlb[0]
    assert TlbKey(GUEST_PHYSICAL, NONE, NONE, 7, 0x4000_0000, PAGE_1G) in hw.tlb[0]
    hw, cpu = guest(0x4000_0000 | P | PS, level=3)
    map_gpa(hw, 0x4000_0000 + LA, level=2)
    assert access.translate(hw, cpu, LA, "read") == GUEST_BASE + 0x4000_0000 + LA
    entry = hw.tlb[0][TlbKey(COMBINED, 5, 0, 7, 0x40_0000, PAGE_2M)]
    assert (entry.span, entry.gpa) == (PAGE_1G, 0x4040_0000)
    invalidate.invlpg(hw, cpu, 0x1000)                      # an address of the same page: every fragment goes
    assert not [key for key, _ in hw.tlb[0].items() if key.kind == COMBINED]


def test_without_guest_paging_a_1g_page_of_ept_is_used_whole() -> None:
    hw, cpu = guest()
    cpu.cr0 &= ~CR0_PG
    map_ept(hw, EPTP, 0x8000_0000, 0xC000_0000 | RWX_WB | ept.LARGE, level=3)
    assert access.translate(hw, cpu, 0x8000_1238, "read") == 0xC000_1238
    assert TlbKey(COMBINED, 5, 0, 7, 0x8000_0000, PAGE_1G) in hw.tlb[0]


def test_pdptes_are_read_by_guest_physical_address() -> None:
    hw, cpu = guest()
    map_gpa(hw, 0x9000)
    write64(hw, GUEST_BASE + 0x9028, 0xA001)
    assert access.load_pdptes(hw, cpu, 0x9020) == (0, 0xA001, 0, 0) == access.load_pdptes(hw, cpu, 0x903F)
    write64(hw, GUEST_BASE + 0x9028, 0xA003)
    with pytest.raises(GuestFault, match="#GP"):
        access.load_pdptes(hw, cpu, 0x9020)
    with pytest.raises(VmExit) as leaves:
        access.load_pdptes(hw, cpu, 0xB000)
    assert (leaves.value.qualification, leaves.value.gpa, leaves.value.gla) == (0x1, 0xB000, 0)


def test_without_guest_paging_there_are_4() -> None:
    hw, cpu = guest()
    cpu.cr0 &= ~CR0_PG
    assert access.translate(hw, cpu, DATA + 5, "write") == GUEST_BASE + DATA + 5
    assert shape(hw) == "EEEE"
    assert list(hw.tlb[0]) == [TlbKey(COMBINED, 5, 0, 7, DATA, PAGE_4K), TlbKey(GUEST_PHYSICAL, NONE, NONE, 7, DATA, PAGE_4K)]
    access.translate(hw, cpu, DATA, "fetch")
    assert shape(hw) == "EEEE"


def test_a_walk_caches_guest_physical_mappings_and_one_combined() -> None:
    hw, cpu = guest()
    assert access.translate(hw, cpu, LA, "read") == GUEST_BASE + DATA + 0x238
    found = dict(hw.tlb[0].items())
    combined = TlbKey(COMBINED, 5, 0, 7, PAGE, PAGE_4K)
    assert set(found) == {combined} | {TlbKey(GUEST_PHYSICAL, NONE, NONE, 7, gpa, PAGE_4K) for gpa in (*TABLES.values(), DATA)}
    entry = found[combined]
    assert (entry.frame, entry.gpa, entry.dirty) == (GUEST_BASE + DATA, DATA, False)
    assert (entry.ept, entry.guest, entry.span) == (7, 7, PAGE_4K)


def test_the_second_walk_uses_guest_physical_mappings() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    invalidate.mov_cr3(hw, cpu, GUEST_CR3)
    here = hw.tape.cursor
    access.load(hw, cpu, LA)
    assert shape(hw, here) == "gggg"
    assert [event.address for event in events(hw, Hit, start=here)] == [*map(entry_gpa, (4, 3, 2, 1)), DATA + 0x238]


@pytest.mark.parametrize(("guest_level", "ept_level", "size", "span"), [
    (1, 1, PAGE_4K, PAGE_4K), (1, 2, PAGE_4K, PAGE_4K), (2, 1, PAGE_4K, PAGE_2M), (2, 2, PAGE_2M, PAGE_2M)])
def test_a_combined_translation_is_as_large_as_the_smaller_page(guest_level: int, ept_level: int, size: int, span: int) -> None:
    hw, cpu = guest((DATA if guest_level == 1 else 0x4000_0000 | PS) | P | RW, guest_level, ept_level)
    target = DATA + 0x238 if guest_level == 1 else 0x4000_1238
    map_gpa(hw, target & -PAGE_4K, level=ept_level)
    assert access.translate(hw, cpu, LA, "read") == GUEST_BASE + target
    (key, entry), = ((key, entry) for key, entry in hw.tlb[0].items() if key.kind == COMBINED)
    assert (key.page, key.size, entry.span) == (LA & -size, size, span)
    assert (entry.frame, entry.gpa) == (GUEST_BASE + target & -size, target & -size)
    assert access.translate(hw, cpu, LA + 1, "read") == GUEST_BASE + target + 1


def test_invlpg_removes_every_fragment_of_a_guest_2m_page() -> None:
    hw, cpu = guest(0x4000_0000 | P | PS, level=2)
    for offset in (0x1000, 0x5000):
        map_gpa(hw, 0x4000_0000 + offset)
        access.load(hw, cpu, 0x40_0000 + offset)
    invalidate.invlpg(hw, cpu, 0x40_9000)
    assert all(key.kind == GUEST_PHYSICAL for key in hw.tlb[0])


@pytest.mark.parametrize("ad", [False, True])
@pytest.mark.parametrize(("level", "rights", "plain", "with_ad"), [
    (4, 0, 0x081, 0x083), (1, 0, 0x081, 0x083), (2, 4, 0x081 | 4 << 3, 0x083 | 4 << 3), (3, 1, None, 0x083 | 1 << 3)])
def test_violation_on_a_guest_table_entry(level: int, rights: int, plain: int | None, with_ad: int, ad: bool) -> None:
    """F.4, first row. With A/D flags a table access is a write; without, R alone does to read it (A is set below)."""
    hw, cpu = guest(eptp=EPTP | ept.EPTP_AD if ad else EPTP)
    for at in TABLES:
        cell = GUEST_BASE + entry_gpa(at)
        write64(hw, cell, read64(hw, cell) | A)
    map_gpa(hw, TABLES[level], rights)
    qualification = with_ad if ad else plain
    if qualification is None:
        access.load(hw, cpu, LA)
        return
    leaves = exits(hw, cpu, "fetch")
    assert (leaves.reason, leaves.qualification, leaves.gpa, leaves.gla) == (48, qualification, entry_gpa(level), LA)
    assert events(hw, Invalidated) == []
    assert shape(hw) == "EEEEg" * (4 - level) + "EEEE"


def test_violation_when_setting_a_guest_accessed_flag() -> None:
    """F.4, second row: the entry can be read but not updated; the mapping that forbade it is forgotten."""
    hw, cpu = guest()
    map_gpa(hw, TABLES[2], 5)
    leaves = exits(hw, cpu, "read")
    assert (leaves.qualification, leaves.gpa, leaves.gla) == (0x083 | 5 << 3, entry_gpa(2), LA)
    assert [event.address for event in events(hw, Invalidated)] == [entry_gpa(2)]
    map_gpa(hw, TABLES[2], 7)
    access.load(hw, cpu, LA)
    assert read64(hw, GUEST_BASE + entry_gpa(2)) & A


@pytest.mark.parametrize("paging_on", [True, False])
@pytest.mark.parametrize(("kind", "rights", "qualification"), [
    ("read", 0, 0x181), ("write", 0, 0x182), ("fetch", 0, 0x184),
    ("read", 4, 0x181 | 4 << 3), ("write", 5, 0x182 | 5 << 3), ("fetch", 3, 0x184 | 3 << 3)])
def test_violation_on_the_page(kind: str, rights: int, qualification: int, paging_on: bool) -> None:
    """F.4, third and fifth row."""
    hw, cpu = guest()
    map_gpa(hw, DATA, rights)
    la = LA
    if not paging_on:
        cpu.cr0 &= ~CR0_PG
        la = DATA + 0x238
    leaves = exits(hw, cpu, kind, la)
    assert (leaves.reason, leaves.qualification, leaves.gpa, leaves.gla) == (48, qualification, DATA + 0x238, la)
    assert not any(key.kind == COMBINED for key in hw.tlb[0])


def test_rights_in_the_qualification_are_those_of_all_levels() -> None:
    hw, cpu = guest()
    walk = ept.software_walk(lambda pa: read64(hw, pa), EPTP, DATA, hw.caps)
    write64(hw, walk.steps[1].address, walk.steps[1].value & ~ept.WRITE)
    leaves = exits(hw, cpu, "write")
    assert leaves.qualification == 0x083 | 5 << 3 and leaves.gpa == entry_gpa(4)      # the PDPTE serves the tables too


@pytest.mark.parametrize("where", ["table", "page"])
def test_misconfiguration(where: str) -> None:
    hw, cpu = guest()
    gpa = entry_gpa(2) if where == "table" else DATA + 0x238
    map_gpa(hw, gpa & -PAGE_4K, ept.WRITE)
    leaves = exits(hw, cpu, "read")
    assert (leaves.reason, leaves.qualification, leaves.gpa) == (49, 0, gpa)
    assert events(hw, Invalidated) == []


def test_the_guests_page_fault_comes_before_the_violation_of_the_page() -> None:
    hw, cpu = guest(DATA | P)
    map_gpa(hw, DATA, 0)
    with pytest.raises(GuestFault) as fault:
        access.store(hw, cpu, LA, 1)
    assert fault.value.error_code == 3 and shape(hw) == "EEEEg" * 4


def test_a_stale_combined_entry_is_used_until_an_invalidation_reaches_it() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    map_gpa(hw, DATA, 0)
    access.load(hw, cpu, LA)
    invalidate.invlpg(hw, cpu, LA)
    access.load(hw, cpu, LA)                                     # the guest-physical mapping is still there
    invalidate.invept(hw, cpu, 1, EPTP)
    assert exits(hw, cpu, "read").qualification == 0x181


def test_a_violation_from_the_cache_is_reported_once_and_forgets_both_mappings() -> None:
    hw, cpu = guest(DATA | P | RW | D)
    map_gpa(hw, DATA, 5)
    access.load(hw, cpu, LA)
    map_gpa(hw, DATA, 7)
    here = hw.tape.cursor
    leaves = exits(hw, cpu, "write")
    assert leaves.qualification == 0x182 | 5 << 3 and leaves.gpa == DATA + 0x238 and shape(hw, here) == ""
    dropped = (TlbKey(COMBINED, 5, 0, 7, PAGE, PAGE_4K), TlbKey(GUEST_PHYSICAL, NONE, NONE, 7, DATA, PAGE_4K))
    assert events(hw, Invalidated, start=here) == [Invalidated(0, "ept violation", "", 5, 0, 7, DATA + 0x238, dropped)]
    access.store(hw, cpu, LA, 1)


def test_a_violation_at_a_table_spares_the_combined_translation() -> None:
    """I099: the walk that sets D cannot read a table; what was cached for LA is not the translation that failed."""
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    map_gpa(hw, TABLES[3], 0)
    invalidate.ept_violation(hw, cpu, TABLES[3], None)
    assert exits(hw, cpu, "write").qualification == 0x081
    assert [key.page for key in hw.tlb[0] if key.kind == COMBINED] == [PAGE]


def test_without_paging_the_guests_cached_rights_do_not_count() -> None:
    hw, cpu = guest(DATA | P | D)
    access.load(hw, cpu, LA)
    cpu.cr0 &= ~CR0_PG
    assert access.translate(hw, cpu, LA, "write") == GUEST_BASE + DATA + 0x238


def test_supervisor_writes_without_wp_still_need_the_ept_right() -> None:
    hw, cpu = guest(DATA | P)
    cpu.cr0 &= ~CR0_WP
    map_gpa(hw, DATA, 5)
    access.load(hw, cpu, LA)
    assert exits(hw, cpu, "write").qualification == 0x182 | 5 << 3
    map_gpa(hw, DATA, 7)
    access.load(hw, cpu, LA)
    access.store(hw, cpu, LA, 1)


def test_a_cached_guest_right_is_checked_before_a_cached_ept_right() -> None:
    hw, cpu = guest(DATA | P)
    map_gpa(hw, DATA, 5)
    access.load(hw, cpu, LA)
    with pytest.raises(GuestFault, match="#PF"):
        access.store(hw, cpu, LA, 1)


def test_a_page_fault_leaves_guest_physical_mappings() -> None:
    hw, cpu = guest(DATA | P)
    access.load(hw, cpu, LA)
    with pytest.raises(GuestFault):
        access.store(hw, cpu, LA, 1)
    assert {key.kind for key in hw.tlb[0]} == {GUEST_PHYSICAL}


def test_ept_flags_are_set_only_if_enabled() -> None:
    hw, cpu = guest()
    access.store(hw, cpu, LA, 1)
    leaf = ept.software_walk(lambda pa: read64(hw, pa), EPTP, DATA, hw.caps).steps
    assert not any(step.value & (ept.ACCESSED | ept.DIRTY) for step in leaf)
    cpu.eptp |= ept.EPTP_AD
    access.store(hw, cpu, LA, 2)                                 # cached without the flags: same EP4TA, nothing to set
    assert not read64(hw, leaf[3].address) & ept.DIRTY
    invalidate.invept(hw, cpu, 1, EPTP)
    access.store(hw, cpu, LA, 3)
    leaf = ept.software_walk(lambda pa: read64(hw, pa), EPTP, DATA, hw.caps).steps
    assert all(step.value & ept.ACCESSED for step in leaf)
    assert [bool(step.value & ept.DIRTY) for step in leaf] == [False, False, False, True]


def test_with_ept_flags_table_pages_become_dirty_and_the_data_page_only_when_written() -> None:
    hw, cpu = guest(eptp=EPTP | ept.EPTP_AD)
    access.load(hw, cpu, LA)

    def dirty(gpa: int) -> bool:
        return ept.software_walk(lambda pa: read64(hw, pa), EPTP, gpa, hw.caps).dirty

    assert all(dirty(gpa) for gpa in TABLES.values()) and not dirty(DATA)
    here = hw.tape.cursor
    access.store(hw, cpu, LA, 1)
    assert dirty(DATA) and shape(hw, here) == "gggg" + "EEEE"
    here = hw.tape.cursor
    access.store(hw, cpu, LA, 2)
    assert shape(hw, here) == ""


def test_ept_dirty_is_set_by_the_first_write_even_if_the_guests_own_d_was_set_before() -> None:
    hw, cpu = guest(DATA | P | RW | D, eptp=EPTP | ept.EPTP_AD)
    access.load(hw, cpu, LA)
    access.store(hw, cpu, LA, 1)
    assert ept.software_walk(lambda pa: read64(hw, pa), EPTP, DATA, hw.caps).dirty


def test_two_guests_with_one_eptp_share_guest_physical_mappings() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    cpu.vpid = 6
    here = hw.tape.cursor
    access.load(hw, cpu, LA)
    assert shape(hw, here) == "gggg"


def test_the_accessed_flag_is_set_before_the_translation_is_cached() -> None:
    hw, cpu = guest()
    access.load(hw, cpu, LA)
    for position in range(hw.tape.end):
        hw.tape.seek(position)
        if any(key.kind == COMBINED for key in hw.tlb[0]):
            assert all(read64(hw, GUEST_BASE + entry_gpa(level)) & A for level in TABLES)


def test_a_tiny_tlb_changes_nothing_but_the_cost() -> None:
    hw, cpu = guest()
    hw.caps = Caps(tlb_capacity=1)
    access.store(hw, cpu, LA, 5)
    assert access.load(hw, cpu, LA) == 5 and len(hw.tlb[0]) == 1


# -- by guest-physical address ------------------------------------------------------------------------------------------

def test_an_access_by_guest_physical_address() -> None:
    hw, cpu = guest()
    assert access.physical_access(hw, cpu, DATA + 9, "write", 77) == 77
    assert access.physical_access(hw, cpu, DATA + 8, "read") == 77 == read64(hw, GUEST_BASE + DATA + 8)
    assert shape(hw) == "EEEE" and len(events(hw, Hit)) == 1 and events(hw, Accessed) == []
    assert {key.kind for key in hw.tlb[0]} == {GUEST_PHYSICAL}


@pytest.mark.parametrize(("kind", "rights", "qualification"), [("read", 0, 1), ("write", 5, 2 | 5 << 3), ("fetch", 3, 4 | 3 << 3)])
def test_its_violation_has_no_linear_address(kind: str, rights: int, qualification: int) -> None:
    hw, cpu = guest()
    map_gpa(hw, DATA, rights)
    with pytest.raises(VmExit) as leaves:
        access.physical_access(hw, cpu, DATA + 8, kind, 1)
    assert (leaves.value.reason, leaves.value.qualification, leaves.value.gpa, leaves.value.gla) == (48, qualification, DATA + 8, 0)


def test_without_ept_a_guest_physical_address_is_physical() -> None:
    hw, cpu, _ = bare()
    access.physical_access(hw, cpu, FIRST_FRAME + 0x8000, "write", 5)
    assert read64(hw, FIRST_FRAME + 0x8000) == 5


def test_a_physical_write_needs_a_value() -> None:
    hw, cpu, _ = bare()
    with pytest.raises(ModelBug):
        access.physical_access(hw, cpu, 0x1000, "write")
