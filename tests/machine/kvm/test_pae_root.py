"""Without EPT a guest outside 64-bit mode runs on four PDPTEs of KVM's."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L1_PAGE, Machine, exits, flushes, of, values
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, CR4_SMEP, EFER_LMA, EFER_LME, EFER_NXE
from kvmdbg.machine.hw.memory import FIRST_FRAME
from kvmdbg.machine.hw.paging import PAE, PAGE_2M, paging_mode
from kvmdbg.machine.hw.tlbkey import LINEAR
from kvmdbg.machine.kvm.events import ExceptionInjected, RootAllocated, RootFreed
from kvmdbg.machine.kvm.pae_root import is_pae_root, pae_root_of, pdptes_of, top_pages, walk_start
from kvmdbg.machine.kvm.state import INVALID_PAGE

NAMES = ("v3.1", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")
CR3 = 0x2_0000
OTHER_CR3 = 0x2_8000
HIGH = 0xC060_1000            # behind the fourth PDPTE


def in_pae(name: str = "v6.12", **config: object) -> Machine:
    """L1 in PAE paging, with DATA mapped at L1_PAGE and HIGH."""
    m = Machine(name, enable_ept=False, **config)
    m.host(f"set-sregs EFER={EFER_NXE:#x} CR3={OTHER_CR3:#x}")
    m.map("L1", L1_PAGE, DATA, root=CR3)
    m.map("L1", HIGH, DATA, root=CR3)
    m.run(f"mov cr3, {CR3:#x}")
    return m


def without_paging(name: str = "v6.12", **config: object) -> Machine:
    m = Machine(name, enable_ept=False, **config)
    m.host(f"set-sregs EFER=0 CR0={m.vcpu.cr0 & ~CR0_PG:#x}")
    return m


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vpid", [True, False], ids=["vpid", "novpid"])
def test_a_guest_in_pae_paging_runs_on_a_root_below_4_gib(name: str, vpid: bool) -> None:
    m = in_pae(name, enable_vpid=vpid)
    events = m.run(f"store {L1_PAGE:#x}, 5", f"load {HIGH:#x}", f"load {HIGH:#x}")
    assert (values(events), exits(events)) == ([5, 5, 5], [0, 0])
    root = pae_root_of(m.vcpu)
    assert m.root_mmu.root.hpa == root == m.cpu.cr3 < FIRST_FRAME and is_pae_root(root)
    assert m.cpu.pdptes == pdptes_of(m.kvm, root) and [bool(entry) for entry in m.cpu.pdptes] == [True, False, False, True]
    assert paging_mode(m.cpu.cr0, m.cpu.cr4, m.cpu.efer, m.kvm.hw.caps).mode == PAE
    assert len(top_pages(m.kvm, root)) == 2 and walk_start(m.kvm, root, 0x4000_0000) == ((2,), INVALID_PAGE)


@pytest.mark.parametrize("name", NAMES)
def test_its_faults_are_its_own(name: str) -> None:
    m = in_pae(name)
    m.map("L1", L1_PAGE, DATA, flags="r")
    events = m.run("load 0x40000000", f"load {HIGH ^ 0x1000:#x}", f"store {L1_PAGE:#x}, 1")
    assert [(event.error_code, event.address) for event in of(events, ExceptionInjected)] == [
        (0, 0x4000_0000), (0, HIGH ^ 0x1000), (3, L1_PAGE)]


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_is_seen_after_invlpg(name: str) -> None:
    m = in_pae(name)
    m.run(f"load {L1_PAGE:#x}")
    m.map("L1", L1_PAGE, 0x7_0000)
    m.poke(0x7_0000, 8)
    assert values(m.run(f"load {L1_PAGE:#x}", f"invlpg {L1_PAGE:#x}", f"load {L1_PAGE:#x}")) == [0, 8]


@pytest.mark.parametrize("name", NAMES)
def test_the_root_goes_with_cr3_and_is_never_cached(name: str) -> None:
    m = in_pae(name)
    m.map("L1", L1_PAGE, 0x7_0000, root=OTHER_CR3)
    m.poke(0x7_0000, 8)
    m.run(f"load {L1_PAGE:#x}")
    events = m.run(f"mov cr3, {OTHER_CR3:#x}", f"load {L1_PAGE:#x}", f"mov cr3, {CR3:#x}", f"load {L1_PAGE:#x}")
    assert values(events) == [8, 0]
    assert len(of(events, RootFreed)) == len(of(events, RootAllocated)) == 2
    assert all(root.hpa == INVALID_PAGE for root in m.root_mmu.prev_roots)


def test_a_large_page_of_2m() -> None:
    m = in_pae()
    m.map("L1", PAGE_2M * 4, PAGE_2M, size=PAGE_2M)
    m.poke(PAGE_2M + 0x3008, 7)
    assert values(m.run(f"load {PAGE_2M * 4 + 0x3008:#x}")) == [7]


def test_a_pdpte_that_names_no_memory_is_a_triple_fault() -> None:
    m = in_pae()
    m.set("L1", L1_PAGE, 0x7000_0001, table_level=3)
    m.run(f"mov cr3, {CR3:#x}")
    assert "triple fault" in m.vcpu.exit_to_user


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vpid", [True, False], ids=["vpid", "novpid"])
def test_without_paging_a_linear_address_is_a_physical_one(name: str, vpid: bool) -> None:
    m = without_paging(name, enable_vpid=vpid)
    events = m.run(f"store {DATA:#x}, 5", f"load {DATA:#x}")
    assert (values(events), exits(events)) == ([5, 5], [0])
    assert m.root_mmu.root.role.kind == "nonpaging" and all(m.cpu.pdptes) and m.cpu.cr0 & CR0_PG
    assert len(m.cached(LINEAR, DATA)) == 1
    m.run(f"load {m.kvm.config.memory:#x}")
    assert m.vcpu.exit_to_user.startswith("KVM_EXIT_MMIO")


def test_all_its_pages_are_user_pages_so_smep_is_off_in_hardware() -> None:
    m = without_paging()
    m.run(f"mov cr4, {m.vcpu.cr4 | CR4_SMEP:#x}", f"fetch {DATA:#x}")
    assert m.vcpu.cr4 & CR4_SMEP and not m.cpu.cr4 & CR4_SMEP and m.cached(LINEAR, DATA)


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_turns_paging_on_and_off(name: str) -> None:
    m = in_pae(name)
    m.run(f"store {L1_PAGE:#x}, 5")
    events = m.run(f"mov cr0, {m.vcpu.cr0 & ~CR0_PG:#x}", f"load {DATA:#x}")
    assert values(events) == [5] and flushes(events) and m.cached(LINEAR, L1_PAGE) == []
    events = m.run(f"mov cr0, {m.vcpu.cr0 | CR0_PG:#x}", f"load {L1_PAGE:#x}", f"load {DATA:#x}")
    assert values(events)[0] == 5 and flushes(events) and of(events, ExceptionInjected)[-1].address == DATA


def test_with_lme_paging_turns_on_in_64_bit_mode() -> None:
    m = without_paging()
    m.map("L1", L1_PAGE, DATA)
    m.run(f"wrmsr 0xc0000080, {EFER_LME | EFER_NXE:#x}", f"store {DATA:#x}, 5")
    assert not m.cpu.efer & EFER_LME
    m.run(f"mov cr0, {m.vcpu.cr0 | CR0_PG:#x}")
    assert m.vcpu.efer & EFER_LMA and m.cpu.efer & EFER_LMA and values(m.run(f"load {L1_PAGE:#x}")) == [5]
    m = without_paging()
    m.run(f"wrmsr 0xc0000080, {EFER_LME:#x}", f"mov cr4, {m.vcpu.cr4 & ~CR4_PAE:#x}")
    assert [event.vector for event in of(m.run(f"mov cr0, {m.vcpu.cr0 | CR0_PG:#x}"), ExceptionInjected)] == ["#GP"]


def test_32_bit_paging_is_refused() -> None:
    m = Machine(enable_ept=False)
    with pytest.raises(Unsupported, match="32-bit paging"):
        m.host(f"set-sregs EFER=0 CR4={CR4_PSE:#x} CR0={m.vcpu.cr0 & ~CR0_WP:#x}")
        m.run("cpuid")


@pytest.mark.parametrize("name", NAMES)
def test_a_zap_of_everything_takes_the_root_along(name: str) -> None:
    m = in_pae(name)
    m.run(f"store {L1_PAGE:#x}, 5")
    m.host("memslot create 0x80000000 0x10000")
    m.host("memslot delete 0x80000000")
    events = m.run(f"load {L1_PAGE:#x}")
    assert values(events) == [5] and len(of(events, RootAllocated)) == 1
    assert name != "v6.12" or not len(m.kvm.obsolete_roots)
