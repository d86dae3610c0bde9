"""PDPTEs that KVM loads: without EPT a change rebuilds the root."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L1_PAGE, Machine, decided, made, of, values
from kvmdbg.machine.hw.controls import CR0_CD, EFER_NXE
from kvmdbg.machine.kvm.events import RootAllocated
from kvmdbg.machine.kvm.pdptrs import kvm_read_guest_page_mmu, load_pdptrs

CR3 = 0x2_0000
OTHER_CR3 = 0x2_8000
OTHER = 0x7_0000


def in_pae(name: str, **config: object) -> Machine:
    """L1 in PAE paging; a second set of tables maps L1_PAGE to OTHER, which holds 8."""
    m = Machine(name, **config)
    m.host(f"set-sregs EFER={EFER_NXE:#x} CR3={OTHER_CR3:#x}")
    m.map("L1", L1_PAGE, DATA, root=CR3)
    m.map("L1", L1_PAGE, OTHER, root=OTHER_CR3)
    m.poke(OTHER, 8)
    m.run(f"mov cr3, {CR3:#x}")
    return m


def change(m: Machine) -> None:
    """PDPTE0 at CR3 leads to the other tables now."""
    m.set("L1", L1_PAGE, m.entry("L1", L1_PAGE, 3, root=OTHER_CR3), table_level=3, root=CR3)


@pytest.mark.parametrize(("name", "rebuilt"), [("v3.1", True), ("v4.15", True), ("v5.13", True), ("v5.14", False), ("v5.16", False),
                                               ("6b123c3a89a9^", False), ("6b123c3a89a9", True), ("v6.12", True)])
def test_mov_cr3_with_the_same_value(name: str, rebuilt: bool) -> None:
    m = in_pae(name, enable_ept=False)
    m.run(f"load {L1_PAGE:#x}")
    change(m)
    events = m.run(f"mov cr3, {CR3:#x}", f"load {L1_PAGE:#x}")
    assert values(events) == [8 if rebuilt else 0] and bool(of(events, RootAllocated)) == rebuilt


def test_pdptes_as_they_were_leave_the_root_alone() -> None:
    m = in_pae("v6.12", enable_ept=False)
    events = m.run(f"mov cr0, {m.vcpu.cr0 | CR0_CD:#x}")
    assert decided(events, "load_pdptrs") == [("no", "PDPTEs as before")] and not of(events, RootAllocated)
    change(m)
    events = m.run(f"mov cr0, {m.vcpu.cr0 & ~CR0_CD:#x}")
    assert decided(events, "load_pdptrs") == [("yes", "PDPTEs have changed")] and len(of(events, RootAllocated)) == 1


@pytest.mark.parametrize(("name", "loaded"), [("2c5653caecc4^", False), ("2c5653caecc4", True), ("v6.12", True)])
def test_with_ept_they_go_to_the_vmcs(name: str, loaded: bool) -> None:
    m = in_pae(name)
    m.run(f"load {L1_PAGE:#x}")
    change(m)
    before = m.cpu.pdptes
    events = m.run(f"mov cr0, {m.vcpu.cr0 | CR0_CD:#x}")
    assert ("LOAD_MMU_PGD" in made(events)) == loaded == (m.cpu.pdptes != before)


def test_a_reserved_bit_or_no_memory_leaves_them_as_they_are() -> None:
    m = in_pae("v6.12", enable_ept=False)
    kept = m.vcpu.pdptrs
    m.poke(0x5_0000, 3)
    for cr3 in (0x5_0000, 0x7000_0000):
        assert not load_pdptrs(m.kvm, m.vcpu, cr3)
    assert m.vcpu.pdptrs == kept and kvm_read_guest_page_mmu(m.kvm, m.vcpu, 0x5_0000) == 3
