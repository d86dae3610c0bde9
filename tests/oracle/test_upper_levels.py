"""Entries of paging-structure caches, and what was made below them: fresh, stale, forbidden."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, TlbKey
from kvmdbg.machine.kvm import shadow, tables
from kvmdbg.machine.kvm.state import Config
from kvmdbg.oracle.selfcheck import check
from kvmdbg.oracle.upper_levels import began_below, parts
from kvmdbg.oracle.uses import Use
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE, Verdict, describe, judge, look
from kvmdbg.oracle.why import why_entry
from oracle.given import DATA, EPT, L1_LA, L2_LA, OTHER, Machine
from oracle.wandering import Wanderer

CACHES = Caps(paging_structure_caches=True)
SHADOWED = Config(enable_ept=False)
NEAR = L1_LA + 0x1000                    # under the same PDE as L1_LA


def given(name: str = "v6.12", ept: bool = True, config: Config = Config()) -> Machine:
    return Machine(name, ept=ept, config=config, caps=CACHES)


def keys(m: Machine, kind: str, level: int, page: int) -> list[TlbKey]:
    """Entries of a level whose region holds a page."""
    return [key for key, _ in m.kvm.hw.tlb[0].items()
            if (key.kind, key.table_level) == (kind, level) and key.page == page & -key.size]


def verdict(m: Machine, kind: str, level: int, page: int) -> Verdict:
    key, = keys(m, kind, level, page)
    return judge(m.kvm, m.index, 0, key, m.position)


def last_use(m: Machine, level: int) -> Use:
    return [use for use in m.uses() if use.key.table_level == level][-1]


def repoint(m: Machine, level: str, page: int, table: int, table_level: int = 2, **how: int) -> Machine:
    """An entry of an upper level names another table; the page table there is empty but for what `poke` puts into it."""
    tables.set_entry(m.kvm, m.vcpu, level, page, table | (7 if level == "ept12" else 0x27), table_level=table_level, **how)
    return m


# -- the guest's tables -------------------------------------------------------------------------------------------------


def test_the_parts_of_each_kind() -> None:
    def names(m: Machine, kind: str, page: int) -> list[str]:
        return [part.name for part in parts(m.index, look(m.index, 0, keys(m, kind, 2, page)[0], m.position))]

    assert names(given(), COMBINED, L1_LA) == ["guest", "host"]
    assert names(given(), GUEST_PHYSICAL, L1_LA) == ["host"]
    assert names(given().enter(), COMBINED, L2_LA) == ["guest", "ept12", "host"]
    assert names(given().enter(), GUEST_PHYSICAL, DATA)[-2:] in (["host"], ["ept12", "host"])
    assert names(given(ept=False, config=SHADOWED), LINEAR, L1_LA) == ["guest", "host"]


@pytest.mark.parametrize("config", [Config(), SHADOWED], ids=["EPT", "shadow paging"])
def test_after_a_walk_everything_is_fresh(config: Config) -> None:
    m = given(ept=config.enable_ept, config=config).run(f"load {L1_LA:#x}").enter()
    for key, _ in m.kvm.hw.tlb[0].items():
        assert judge(m.kvm, m.index, 0, key, m.position).status == FRESH, describe(key)


def test_an_entry_that_its_level_changed_is_stale_until_the_level_invalidates_it() -> None:
    m = repoint(given(), "L1", L1_LA, OTHER)
    found = verdict(m, COMBINED, 2, L1_LA)
    assert (found.status, found.component, found.owner) == (STALE, "guest", "L1") and found.made_stale_by is not None
    assert verdict(m, COMBINED, 3, L1_LA).status == FRESH
    m.run(f"invlpg {0x7000_0000:#x}")                    # of whatever page
    assert keys(m, COMBINED, 2, L1_LA) == []


def test_a_change_below_does_not_make_it_stale() -> None:
    assert verdict(given().map("L1", L1_LA, OTHER), COMBINED, 2, L1_LA).status == FRESH


@pytest.mark.parametrize(("value", "status"), [(0x25, STALE), (0x23, STALE), (1 << 63 | 0x27, STALE), (0x27, FRESH), (0x07, FRESH)],
                         ids=["read-only", "supervisor", "no execution", "same", "not accessed"])
def test_rights_count_and_the_accessed_flag_does_not(value: int, status: str) -> None:
    m = given()
    at, old = tables.entry_of(m.kvm, m.vcpu, "L1", L1_LA, 2)
    tables.poke(m.kvm, m.vcpu, at, old & 0xF_FFFF_F000 | value)
    assert verdict(m, COMBINED, 2, L1_LA).status == status


def test_a_large_page_in_its_place_is_no_table() -> None:
    m = given()
    _, old = tables.entry_of(m.kvm, m.vcpu, "L1", L1_LA, 2)
    tables.set_entry(m.kvm, m.vcpu, "L1", L1_LA, old & 0xF_FFE0_0000 | 0xA7, table_level=2)
    assert verdict(m, COMBINED, 2, L1_LA).status == STALE


def test_what_is_made_below_a_stale_entry_is_what_its_level_must_expect() -> None:
    """L1's old page table is another thing by now, and a walk that began below the cached PDE reads it."""
    m = given()
    _, old = tables.entry_of(m.kvm, m.vcpu, "L1", L1_LA, 2)
    repoint(m, "L1", L1_LA, OTHER)
    changed = m.position - 1
    tables.poke(m.kvm, m.vcpu, (old & 0xF_FFFF_F000) + 8, L1_LA | 0x27)          # the PTE of NEAR, which was never mapped
    m.run(f"load {NEAR:#x}")
    use = last_use(m, 2)
    assert use.verdict.status == STALE and use.verdict.made_stale_by is not None and use.verdict.made_stale_by[0] == changed
    found = verdict(m, COMBINED, 0, NEAR)
    assert (found.status, found.made_stale_by) == (STALE, (changed, "L1"))


def test_and_no_longer_once_the_entry_had_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    m = given()
    _, old = tables.entry_of(m.kvm, m.vcpu, "L1", L1_LA, 2)
    repoint(m, "L1", L1_LA, OTHER)
    monkeypatch.setattr(invalidate, "select", lambda hw, cpu, **tags: ())
    m.run("invlpg 0x70000000")
    tables.poke(m.kvm, m.vcpu, (old & 0xF_FFFF_F000) + 8, L1_LA | 0x27)
    m.run(f"load {NEAR:#x}")
    assert last_use(m, 2).verdict.status == FORBIDDEN and "INVLPG 0x70000000" in last_use(m, 2).verdict.text
    assert verdict(m, COMBINED, 0, NEAR).status == FORBIDDEN


def test_an_invalidation_of_another_page_leaves_the_window_open_unless_it_is_invlpg() -> None:
    m = repoint(given(), "L1", L1_LA, OTHER).run("invpcid 0, 0, 0x8000000000")
    assert verdict(m, COMBINED, 2, L1_LA).status == STALE and keys(m, COMBINED, 4, L1_LA) != []
    m.run(f"invpcid 0, 0, {NEAR:#x}")
    assert keys(m, COMBINED, 2, L1_LA) == []


# -- EPT12 and KVM's own tables -----------------------------------------------------------------------------------------


def test_ept12_of_a_table_of_l2() -> None:
    m = given().enter().leave()
    l2_root = [key for key in keys(m, COMBINED, 4, L2_LA) if key.vpid == m.vcpu.vpid02]
    page = m.kvm.hw.tlb[0][l2_root[0]].gpa
    tables.set_entry(m.kvm, m.vcpu, "ept12", page, OTHER | 0x37, root=EPT)
    found = judge(m.kvm, m.index, 0, l2_root[0], m.position)
    assert (found.status, found.component, found.owner) == (STALE, "ept12", "ept12")


def test_upper_levels_of_ept12() -> None:
    """KVM traps the write and flushes at the next VM entry; until then L1 has to expect the old table."""
    m = given().enter().leave()
    upper = [key for key in keys(m, GUEST_PHYSICAL, 2, DATA) if look(m.index, 0, key, m.position).shadows_ept12]
    assert len(upper) == 1 and judge(m.kvm, m.index, 0, upper[0], m.position).status == FRESH
    repoint(m, "ept12", DATA, OTHER, root=EPT)
    found = judge(m.kvm, m.index, 0, upper[0], m.position)
    assert (found.status, found.component) == (STALE, "ept12")
    m.run("cpuid")
    assert upper[0] not in m.kvm.hw.tlb[0]


def test_a_shadow_page_that_kvm_let_go_without_a_flush_is_found_out() -> None:
    m = given(ept=False, config=SHADOWED)
    key, = keys(m, LINEAR, 2, L1_LA)
    names = look(m.index, 0, key, m.position).names
    assert names is not None and (names.level, m.kvm.shadow_pages[names].hpa) == (1, m.kvm.hw.tlb[0][key].frame)
    del m.kvm.shadow_pages[names]
    found = judge(m.kvm, m.index, 0, key, m.position)
    assert (found.status, found.component, found.owner) == (STALE, "host", "L0")
    m.run("cpuid", f"load {NEAR:#x}")
    assert last_use(m, 2).verdict.status == FORBIDDEN


def test_a_table_of_ept01_that_kvm_replaced_without_a_flush_is_found_out() -> None:
    m = given().map("L1", NEAR, NEAR)
    key, = keys(m, GUEST_PHYSICAL, 2, L1_LA)
    cell = next(pa for pa, value in m.kvm.hw.memory.unordered() if value & 0xF_FFFF_F000 == m.kvm.hw.tlb[0][key].frame)
    m.kvm.hw.memory[cell] = 0
    assert judge(m.kvm, m.index, 0, key, m.position).component == "host"
    m.run("cpuid", f"load {NEAR:#x}")
    assert FORBIDDEN in {use.verdict.status for use in m.uses() if use.key.kind == GUEST_PHYSICAL}


def test_a_guests_edit_of_an_upper_level_that_kvm_shadows() -> None:
    m = repoint(given(ept=False, config=SHADOWED), "L1", L1_LA, OTHER)
    assert verdict(m, LINEAR, 2, L1_LA).component == "guest"
    m.run("cpuid")                                        # KVM has dropped the shadow, and flushed
    assert keys(m, LINEAR, 2, L1_LA) == []


def test_a_forgotten_flush_of_an_upper_level_is_seen_by_the_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """mmu.c: kvm_mmu_track_write() that does not flush: the page was never cached, the PDE was."""
    m = given(ept=False, config=SHADOWED)
    monkeypatch.setattr(shadow, "kvm_flush_remote_tlbs", lambda *arguments: None)
    repoint(m, "L1", L1_LA, OTHER)
    tables.poke(m.kvm, m.vcpu, OTHER + 8, L1_LA | 0x27)
    m.run("cpuid")
    assert verdict(m, LINEAR, 2, L1_LA).status == STALE                       # L1 has not invalidated it either
    monkeypatch.setattr(invalidate, "select", lambda hw, cpu, **tags: ())     # nor does KVM's INVVPID reach it
    m.run(f"invlpg {NEAR:#x}", "cpuid")
    assert verdict(m, LINEAR, 2, L1_LA).status == FORBIDDEN


# -- how they came to be ------------------------------------------------------------------------------------------------


def test_what_a_walk_began_below() -> None:
    m = given().map("L1", NEAR, L1_LA).run(f"load {NEAR:#x}")
    key, = keys(m, COMBINED, 0, NEAR)
    found = began_below(m.index, 0, key, m.index.filled_at(0, key, m.position))
    assert found is not None and found[0] == keys(m, COMBINED, 2, NEAR)[0]
    first, = keys(m, COMBINED, 0, L1_LA)
    assert began_below(m.index, 0, first, m.index.filled_at(0, first, m.position)) is None


def test_why_leads_from_an_upper_level_to_what_it_was_made_of() -> None:
    m = given()
    links = why_entry(m.kvm, keys(m, COMBINED, 3, L1_LA)[0])
    read = [link.text.split(" at ")[0] for link in links if link.text.startswith("guest ")]
    assert links[0].text.startswith("L1 cached the combined PDPTE-cache entry for 0x0") and read == ["guest PDPTE", "guest PML4E"]
    links = why_entry(m.kvm, keys(m, GUEST_PHYSICAL, 3, L1_LA)[0])
    assert {link.text.split(" at ")[0] for link in links if link.text.startswith("ept ")} == {"ept PDPTE", "ept PML4E"}


def test_why_names_the_upper_level_that_a_walk_began_below() -> None:
    m = given().map("L1", NEAR, L1_LA).run(f"load {NEAR:#x}")
    texts = [link.text for link in why_entry(m.kvm, keys(m, COMBINED, 0, NEAR)[0])]
    assert any("through the combined PDE-cache entry for 0x400000" in text for text in texts)
    assert not any(text.startswith("guest PDE") for text in texts)


# -- random guests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("config", [Config(), Config(enable_vpid=False), SHADOWED], ids=["EPT", "no VPID", "shadow paging"])
@pytest.mark.parametrize("name", ["v3.1", "v4.4", "v6.12"])
def test_a_wandering_guest_finds_no_breach(name: str, config: Config, seed: int) -> None:
    m = Wanderer(name, seed, config, caps=CACHES).wander(40).machine
    assert check(m.kvm, m.index) > 10
    assert name != "v6.12" or FORBIDDEN not in m.statuses()


def test_some_of_them_use_a_stale_one() -> None:
    found = [use for seed in range(12) for use in Wanderer("v6.12", seed, caps=CACHES).wander(60).machine.uses()]
    upper = [use for use in found if use.key.table_level]
    assert STALE in {use.verdict.status for use in upper} and FORBIDDEN not in {use.verdict.status for use in found}
