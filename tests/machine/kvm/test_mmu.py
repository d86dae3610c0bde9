"""Roots: allocated, cached, switched and freed (G)."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    EPTP_BITS,
    KERNELS,
    OTHER_EPT12,
    OTHER_VMCS,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    Machine,
    decided,
    flushes,
    made,
    of,
    served,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.events import RootAllocated, RootFreed, RootReused
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, NO_ROOT, ROOT_MMU, MmuRole, Root

EPT_ROLE = MmuRole("ept", True, True)


def root(pgd: int, role: MmuRole = EPT_ROLE) -> Root:
    return Root(pgd, 0x10_0000_0000 + pgd, role)


def given_roots(current: int, *previous: int) -> Machine:
    """guest_mmu has these roots, by pgd; 0 = none."""
    m = Machine(V6_12)
    m.vcpu.mmu = GUEST_MMU
    m.guest_mmu.role = EPT_ROLE
    m.guest_mmu.root = root(current) if current else NO_ROOT
    m.guest_mmu.prev_roots = tuple(root(pgd) if pgd else NO_ROOT for pgd in previous)
    return m


def pgds(m: Machine) -> list[int]:
    return [one.pgd for one in (m.guest_mmu.root, *m.guest_mmu.prev_roots)]


@pytest.mark.parametrize(("before", "wanted", "after", "found"), [
    ((1, 2, 3, 4), 1, [1, 2, 3, 4], True), ((1, 2, 3, 4), 2, [2, 1, 3, 4], True), ((1, 2, 3, 4), 3, [3, 1, 2, 4], True),
    ((1, 2, 3, 4), 4, [4, 1, 2, 3], True), ((1, 2, 3, 4), 5, [0, 1, 2, 3], False), ((1, 0, 0, 0), 5, [0, 1, 0, 0], False),
    ((0, 2, 3, 4), 3, [3, 2, 4, 0], True), ((0, 2, 3, 4), 5, [0, 2, 3, 4], False)])
def test_fast_pgd_switch(before: tuple[int, ...], wanted: int, after: list[int], found: bool) -> None:
    """G: rotate while a root is current, else search and close the gap; a miss frees the oldest."""
    m = given_roots(*before)
    start = m.kvm.tape.cursor
    assert mmu.fast_pgd_switch(m.kvm, m.vcpu, m.guest_mmu, wanted) == found
    assert pgds(m) == after
    freed = [event.pgd for event in of(m.since(start), RootFreed)]
    assert freed == [pgd for pgd in before if pgd and pgd not in after]


def test_another_role_is_another_root() -> None:
    m = given_roots(1, 0, 0, 0)
    m.guest_mmu.role = MmuRole("ept", True, False)
    assert not mmu.fast_pgd_switch(m.kvm, m.vcpu, m.guest_mmu, 1)


@pytest.mark.parametrize(("one", "pgd", "role", "usable"), [
    (root(1), 1, EPT_ROLE, True), (root(1), 2, EPT_ROLE, False), (NO_ROOT, 0, NO_ROOT.role, False),
    (root(1, MmuRole("direct", False, False)), 2, MmuRole("direct", False, False), True),
    (root(1, MmuRole("direct", False, False)), 1, MmuRole("direct", True, False), False)])
def test_is_root_usable(one: Root, pgd: int, role: MmuRole, usable: bool) -> None:
    assert mmu.is_root_usable(one, pgd, role) == usable


def test_freeing_some_roots_leaves_the_others() -> None:
    m = given_roots(1, 2, 3, 0)
    start = m.kvm.tape.cursor
    mmu.kvm_mmu_free_roots(m.kvm, m.vcpu, GUEST_MMU, lambda one: one.pgd in (1, 3))
    assert pgds(m) == [0, 2, 0, 0]
    assert of(m.since(start), RootFreed) == [RootFreed(0, GUEST_MMU, root(pgd).hpa, pgd) for pgd in (1, 3)]


@pytest.mark.parametrize(("name", "after_load"), [
    (V4_3, ["invvpid single-context 1", "invept single-context ROOT"]),
    (V4_4, ["invvpid single-context 1", "invept single-context ROOT"]), (V6_12, ["invept single-context ROOT"])])
def test_the_first_root(name: str, after_load: list[str]) -> None:
    """C.2: until v5.7 each root load flushes VPID01 and the new EPTP; since, the context that becomes current."""
    m = Machine(name)
    m.step()
    _, events = m.step()
    (allocated,) = of(events, RootAllocated)
    assert (allocated.mmu, allocated.pgd, allocated.hpa, allocated.found) == (ROOT_MMU, 0, m.root_mmu.root.hpa, False)
    found = flushes(events[events.index(allocated):])
    assert found == [words.replace("ROOT", f"{m.tag():#x}") for words in after_load]


@pytest.mark.parametrize("name", [V4_3, V4_4])
def test_old_kernels_throw_every_root_away_at_each_transition(name: str) -> None:
    m = Machine(name).start()
    for insn in ("vmcall", "vmresume"):
        events = m.run(insn)
        assert len(of(events, RootFreed)) == 1
        assert [event.found for event in of(events, RootAllocated)] == [True]      # a new root in the page of the one before
        assert not of(events, RootReused)
        assert m.vcpu.mmu == ROOT_MMU


def test_v6_12_keeps_both_roots_and_only_loads_them() -> None:
    m = Machine(V6_12).start()
    for insn, name in (("vmcall", ROOT_MMU), ("vmresume", GUEST_MMU)):
        events = m.run(insn)
        assert [event.mmu for event in of(events, RootReused)] == [name]
        assert (made(events), served(events), flushes(events)) == (["LOAD_MMU_PGD"], ["LOAD_MMU_PGD"], [])
        assert not of(events, RootAllocated, RootFreed)


def test_a_second_eptp12_is_a_second_root_and_the_first_is_kept() -> None:
    m = Machine(V6_12).start()
    for page in (DATA, 0x4_0000):
        m.map("ept12", page, page, root=OTHER_EPT12)
    m.run("vmcall", f"vmwrite EPT_POINTER, {OTHER_EPT12 | EPTP_BITS:#x}")
    assert [event.pgd for event in of(m.run("vmresume"), RootAllocated)] == [OTHER_EPT12 | EPTP_BITS]
    m.run("vmcall", f"vmwrite EPT_POINTER, {EPT12 | EPTP_BITS:#x}")
    events = m.run("vmresume")
    assert [event.pgd for event in of(events, RootReused)][-1:] == [EPT12 | EPTP_BITS]
    assert flushes(events) == []


@pytest.mark.parametrize(("give_up", "freed"), [
    (f"vmclear {VMCS:#x}", 1), (f"vmclear {OTHER_VMCS:#x}", 0), (f"vmptrld {OTHER_VMCS:#x}", 1), (f"vmptrld {VMCS:#x}", 0),
    ("vmxoff", 1), ("nop", 0)])
def test_letting_go_of_a_vmcs12_frees_the_roots_of_guest_mmu(give_up: str, freed: int) -> None:
    """E.1; the next entry with nested EPT loads a fresh root and flushes."""
    m = Machine(V6_12).given_vmx().given_l2().given_l2(OTHER_VMCS, 2)
    m.run(f"vmclear {OTHER_VMCS:#x}")
    m.enter()
    m.run("vmcall")
    assert [event.mmu for event in of(m.run(give_up), RootFreed)] == [GUEST_MMU] * freed
    assert (m.guest_mmu.root.hpa == INVALID_PAGE) == bool(freed)


def test_l2_without_ept12_has_a_direct_root_of_its_own() -> None:
    """1313cc2bd8f6: role.guest_mode."""
    m = Machine(V6_12).given_vmx().given_l2(eptp=None)
    m.run("nop")
    l1 = m.root_mmu.root
    (allocated,) = of(m.enter(), RootAllocated)
    assert (m.vcpu.mmu, allocated.mmu) == (ROOT_MMU, ROOT_MMU)
    assert m.root_mmu.root.role == MmuRole("direct", True, False)
    assert l1 in m.root_mmu.prev_roots
    assert [event.hpa for event in of(m.run("vmcall"), RootReused)] == [l1.hpa]


@pytest.mark.parametrize("name", [V4_3, V4_4, "v6.12 -1313cc2bd8f6"])
def test_before_that_l2_without_ept12_ran_on_l1s_own_root_page(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(eptp=None)
    hpa = m.root_mmu.root.hpa
    m.enter()
    assert m.root_mmu.root.hpa == hpa


@pytest.mark.parametrize(("eptp", "ad_disabled"), [(EPT12 | 0x1E, True), (EPT12 | 0x5E, False)])
def test_the_role_of_a_shadow_follows_the_flags_of_eptp12(eptp: int, ad_disabled: bool) -> None:
    m = Machine(V6_12).given_vmx().given_l2(eptp=eptp)
    m.enter()
    assert m.guest_mmu.root.role == MmuRole("ept", True, ad_disabled)
    assert bool(m.vmcs02(F.EPT_POINTER) & 0x40) != ad_disabled


@pytest.mark.parametrize("name", KERNELS)
def test_without_ept_ad_in_hardware_no_eptp_asks_for_it(name: str) -> None:
    m = Machine(name, Caps(ept_ad=False)).start()
    assert m.cpu.eptp & 0xFFF == 0x1E


def test_reset_context_frees_both_mmus() -> None:
    m = Machine(V6_12).start()
    start = m.kvm.tape.cursor
    mmu.kvm_mmu_reset_context(m.kvm, m.vcpu)
    assert sorted(event.mmu for event in of(m.since(start), RootFreed)) == [GUEST_MMU, ROOT_MMU]
    assert m.guest_mmu.role == EPT_ROLE


def test_a_switch_says_what_it_found() -> None:
    m = Machine(V6_12).start()
    assert decided(m.run("vmcall"), "fast_pgd_switch") == [("yes", "vcpu0.root_mmu: 1 roots kept")]
