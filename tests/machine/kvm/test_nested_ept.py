"""EPT02: violations of L2, and what of them L1 gets to see."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    KERNELS,
    L2_CR3,
    L2_PAGE,
    OTHER_EPT12,
    V4_3,
    V4_4,
    V6_12,
    Machine,
    exits,
    flushes,
    made,
    of,
    values,
)
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL
from kvmdbg.machine.kvm.events import Decided, NestedExited, RequestMade
from kvmdbg.machine.kvm.nested_ept import reflected_qualification, walk_ept12
from kvmdbg.machine.kvm.state import GUEST_MMU

LOAD = f"load {L2_PAGE:#x}"
STORE = f"store {L2_PAGE:#x}, 5"
FETCH = f"fetch {L2_PAGE:#x}"


@pytest.mark.parametrize("name", KERNELS)
def test_a_cold_load_of_l2_is_filled_in_by_l0_alone(name: str) -> None:
    m = Machine(name).start()
    m.poke(DATA, 7)
    events = m.run(LOAD)
    assert (exits(events), values(events)) == ([48] * 5, [7])
    assert not of(events, NestedExited)
    assert exits(m.run(LOAD)) == []


@pytest.mark.parametrize("name", KERNELS)
def test_translations_of_l2_carry_its_vpid_and_eptp02(name: str) -> None:
    m = Machine(name).start()
    m.run(LOAD)
    tags = (1 if name == V4_3 else 2, m.tag(m.vcpu.mmu))
    assert m.cached(COMBINED, L2_PAGE) == [tags]
    assert m.cached(GUEST_PHYSICAL, DATA) == [(-1, tags[1])]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("flags", "access", "qualification"), [
    ("r", STORE, 0x18A), ("r", FETCH, 0x18C), ("rx", STORE, 0x1AA), ("rw", FETCH, 0x19C), ("x", LOAD, 0x1A1)])
def test_what_ept12_forbids_is_reflected_with_its_rights(name: str, flags: str, access: str, qualification: int) -> None:
    """Bits 2:0 what was tried, 5:3 what EPT12 grants, 7 and 8: a linear address, its translation."""
    m = Machine(name).given_vmx().given_l2()
    m.map("ept12", DATA, DATA, root=EPT12, flags=flags)
    m.enter()
    events = m.run(access)
    legal = flags != "x" or m.kvm.era.offers_execute_only_ept_to_l1()
    seen = (48, qualification) if legal else (49, 0)
    assert of(events, NestedExited) == [NestedExited(0, *seen)]
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == seen
    assert (m.vmread("GUEST_PHYSICAL_ADDRESS"), m.vmread("GUEST_LINEAR_ADDRESS")) == (DATA, L2_PAGE)


@pytest.mark.parametrize("name", KERNELS)
def test_only_a_reflected_ept_violation_writes_the_guest_physical_address(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.enter()
    assert of(m.run(LOAD, "vmcall"), NestedExited) == [NestedExited(0, 18, 0)]      # L0 has filled EPT02 for the load
    assert m.vmread("GUEST_PHYSICAL_ADDRESS") == 0


@pytest.mark.parametrize("name", KERNELS)
def test_what_ept12_does_not_map_is_reflected(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.set("ept12", DATA, 0, root=EPT12)
    m.enter()
    assert of(m.run(LOAD), NestedExited) == [NestedExited(0, 48, 0x181)]


@pytest.mark.parametrize("name", KERNELS)
def test_a_table_of_l2_that_ept12_does_not_map_is_reflected_without_bit_8(name: str) -> None:
    """The walk of L2's tables is a write where EPT02 has accessed and dirty flags (A.4)."""
    m = Machine(name).given_vmx().given_l2()
    m.set("ept12", L2_CR3, 0, root=EPT12)
    m.enter()
    (exited,) = of(m.run(LOAD), NestedExited)
    assert exited.reason == 48
    assert exited.qualification & 0x1B9 == 0x81
    assert m.vmread("GUEST_PHYSICAL_ADDRESS") >> 12 == L2_CR3 >> 12


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("entry", "level"), [(DATA | 0x32, 1), (DATA | 0x3F, 1), (0x2800_0008 | 7, 2)])
def test_a_misconfigured_ept12_is_reflected_as_such(name: str, entry: int, level: int) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.set("ept12", DATA, entry, root=EPT12, table_level=level)
    m.enter()
    assert of(m.run(LOAD), NestedExited) == [NestedExited(0, 49, 0)]
    assert m.vmread("VM_EXIT_REASON") == 49


# -- 2-MiB pages of EPT12 ----------------------------------------------------------------------------------------------


def large(name: str = V6_12, eptp: int = EPT12, flags: str = "rwx") -> Machine:
    """EPT12 maps L2's first 4 MiB by 2-MiB pages; L2 runs."""
    m = Machine(name).given_vmx().given_l2()
    m.map("L2", 0xA0_0000, 0x7_0000, root=L2_CR3, eptp=EPT12)
    for page in (0, 0x20_0000, 0x2000_0000):
        m.map("ept12", page, page, root=OTHER_EPT12, size=0x20_0000, flags=flags if page == 0 else "rwx")
    m.given_l2(eptp=None, EPT_POINTER=OTHER_EPT12 | eptp & 0x40 | 0x1E, SECONDARY_VM_EXEC_CONTROL=0x22 if name != V4_3 else 2,
               VIRTUAL_PROCESSOR_ID=1)
    m.enter()
    return m


@pytest.mark.parametrize("name", KERNELS)
def test_under_a_2m_page_of_ept12_the_host_maps_4k_pages(name: str) -> None:
    m = large(name)
    assert len(values(m.run(LOAD, "load 0xa00000"))) == 2
    assert {key.size for key, _ in m.kvm.hw.tlb[0].items()} == {0x1000}
    direct = [key for key, _ in m.kvm.shadow_pages.items() if key.role.kind == "ept" and key.direct]
    assert sorted(key.gfn for key in direct) == [0, 0x2_0000]
    assert {key.level for key in direct} == {1}


@pytest.mark.parametrize("name", KERNELS)
def test_a_changed_2m_page_is_gone_at_once(name: str) -> None:
    m = large(name)
    m.map("L2", 0xC0_0000, 0x60_0000)
    m.map("ept12", 0x60_0000, 0x60_0000, size=0x20_0000)
    m.poke(0xA0_0000, 9)
    assert values(m.run("load 0xc00000")) == [0]
    m.run("vmcall")
    events = m.set("ept12", 0x60_0000, 0xA0_00B7, table_level=2)
    assert [(event.name, event.by) for event in of(events, RequestMade)] == [("TLB_FLUSH", "kvm_mmu_track_write")]
    m.run("vmresume")
    assert values(m.run("load 0xc00000")) == [9]


@pytest.mark.parametrize("name", KERNELS)
def test_rights_taken_from_a_2m_page_are_gone_for_pages_already_mapped(name: str) -> None:
    """A direct page is made for the rights of its leaf (role.access)."""
    m = large(name)
    for page in (0, 0x1000):
        m.map("L2", 0xC0_0000 + page, 0x60_0000 + page)
    m.map("ept12", 0x60_0000, 0x60_0000, size=0x20_0000)
    m.run("store 0xc00000, 5", "store 0xc01000, 6", "vmcall")
    m.set("ept12", 0x60_0000, 0x60_00B5, table_level=2)
    m.run("vmresume")
    assert values(m.run("load 0xc00000")) == [5]
    m.run("store 0xc01000, 7")
    assert not m.vcpu.guest_mode
    assert (m.vmread("EXIT_QUALIFICATION"), m.vmread("GUEST_PHYSICAL_ADDRESS")) == (0x1AA, 0x60_1000)


@pytest.mark.parametrize("name", KERNELS)
def test_under_a_1g_page_of_ept12_two_levels_of_direct_pages_map_it(name: str) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.map("ept12", 0, 0, root=OTHER_EPT12, size=0x4000_0000)
    m.given_l2(eptp=None, EPT_POINTER=OTHER_EPT12 | 0x1E, SECONDARY_VM_EXEC_CONTROL=2)
    m.poke(DATA, 9)
    m.enter()
    assert values(m.run(LOAD)) == [9]
    direct = [key for key, _ in m.kvm.shadow_pages.items() if key.role.kind == "ept" and key.direct]
    assert {(key.level, key.gfn) for key in direct} == {(2, 0), (1, 0), (1, 0x2_0000)}
    m.run("vmcall")
    events = m.set("ept12", 0, 0x4000_00B7, table_level=3)
    assert [(event.name, event.by) for event in of(events, RequestMade)] == [("TLB_FLUSH", "kvm_mmu_track_write")]
    m.run("vmresume", LOAD)
    assert m.vcpu.exit_to_user.startswith("KVM_EXIT_MMIO")


# -- accessed and dirty flags of EPT12 ---------------------------------------------------------------------------------


def flags_of(m: Machine, address: int = DATA) -> list[int]:
    """A and D in EPT12's entries for an address, from the root down."""
    return [m.entry("ept12", address, level) >> 8 & 3 for level in (4, 3, 2, 1)]


def test_flags_of_ept12_are_set_by_kvm() -> None:
    m = Machine(V6_12).given_vmx().given_l2(eptp=EPT12 | 0x5E)
    m.enter()
    assert flags_of(m) == [0, 0, 0, 0]
    m.run(LOAD)
    assert flags_of(m) == [1, 1, 1, 1]
    events = m.run(STORE)
    assert flags_of(m) == [1, 1, 1, 3]
    assert exits(events) == [48]                          # until then the shadow was read-only
    assert exits(m.run(STORE)) == []


def test_setting_a_flag_drops_no_shadow_entry_and_asks_for_no_flush() -> None:
    """KVM writes past its own write protection (update_accessed_dirty_bits())."""
    m = Machine(V6_12).given_vmx().given_l2(eptp=EPT12 | 0x5E)
    m.enter()
    assert made(m.run(LOAD, STORE)) == []


def test_tables_of_l2_count_as_written() -> None:
    m = Machine(V6_12).given_vmx().given_l2(eptp=EPT12 | 0x5E)
    m.enter()
    m.run(LOAD)
    assert flags_of(m, L2_CR3)[-1] == 3


@pytest.mark.parametrize(("name", "eptp"), [(V6_12, EPT12 | 0x1E), (V4_4, EPT12 | 0x1E), (V4_4, EPT12 | 0x5E),
                                            (V4_3, EPT12 | 0x5E)])
def test_without_the_feature_no_flag_is_set(name: str, eptp: int) -> None:
    """Before v4.12 L1 is not offered them, and nobody looks at EPTP bit 6."""
    m = Machine(name).given_vmx().given_l2(eptp=eptp)
    m.enter()
    m.run(LOAD, STORE)
    assert flags_of(m) == [0, 0, 0, 0]


def test_a_2m_page_is_dirty_as_a_whole_and_its_direct_page_is_exchanged() -> None:
    m = large(eptp=0x40)
    m.run(LOAD)
    assert m.entry("ept12", 0, 2) >> 8 & 3 == 3           # L2's tables lie in the same page, and count as written
    m.run("vmcall")
    m.set("ept12", 0, m.entry("ept12", 0, 2) & ~ept.DIRTY, table_level=2)
    m.run("vmresume", LOAD)
    assert m.entry("ept12", 0, 2) >> 8 & 3 == 3


def test_two_roots_for_one_table_with_and_without_flags() -> None:
    """The EP4TA is the same, the role is not: two roots, and INVEPT frees both (E.5)."""
    m = Machine(V6_12).start()
    m.run(LOAD, "vmcall", f"vmwrite EPT_POINTER, {EPT12 | 0x5E:#x}", "vmresume", "vmcall")
    roots = [root for root in (m.guest_mmu.root, *m.guest_mmu.prev_roots) if root.pgd]
    assert [root.pgd & 0xFFF for root in roots] == [0x5E, 0x1E]
    events = m.run(f"invept single-context {EPT12 | 0x1E:#x}")
    assert [event.answer for event in of(events, Decided) if event.function == "handle_invept"] == ["2"]
    assert flushes(events) == []
    assert [root.pgd for root in (m.guest_mmu.root, *m.guest_mmu.prev_roots)] == [0, 0, 0, 0]


def test_walk_ept12_reads_l1s_memory_and_changes_nothing() -> None:
    m = Machine().given_vmx().given_l2()
    cursor = m.kvm.tape.cursor
    walk = walk_ept12(m.kvm, EPT12 | 0x1E, DATA + 8)
    assert (walk.mapped, walk.address, walk.rights, [step.level for step in walk.steps]) == (True, DATA + 8, 7, [4, 3, 2, 1])
    assert not walk_ept12(m.kvm, EPT12 | 0x1E, 0x7000_0000).mapped
    assert m.kvm.tape.cursor == cursor


def test_reflected_qualification_keeps_what_was_tried_and_takes_ept12s_rights() -> None:
    m = Machine().given_vmx().given_l2()
    walk = walk_ept12(m.kvm, EPT12 | 0x1E, DATA)
    assert reflected_qualification(walk, 0x18A) == 0x1BA
    assert reflected_qualification(walk._replace(rights=0), 0x1BA) == 0x182


def test_the_mmu_of_nested_ept() -> None:
    m = Machine(V6_12).start()
    assert (m.vcpu.mmu, m.guest_mmu.role.kind) == (GUEST_MMU, "ept")
    m = Machine(V4_4).start()
    assert (m.vcpu.mmu, m.root_mmu.role.kind) == ("root_mmu", "ept")
    m.run("vmcall")
    assert m.root_mmu.role.kind == "direct"
