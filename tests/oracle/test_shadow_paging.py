"""Linear mappings of a guest whose page tables KVM shadows: fresh, stale until the guest's own invalidation, forbidden after it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm import shadow
from kvmdbg.machine.kvm.state import Config
from kvmdbg.oracle.uses import Use
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE
from oracle.given import CR3_X, CR3_Y, L1_LA, L2_LA, OTHER, Machine, X

SHADOWED = Config(enable_ept=False)
NAMES = ("v3.1", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")


def machine(name: str = "v6.12") -> Machine:
    return Machine(name, ept=False, config=SHADOWED)


def last_use(m: Machine, page: int) -> Use:
    return [use for use in m.uses() if use.key.page == page][-1]


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_without_invlpg_is_stale_by_design(name: str) -> None:
    """J.2.12."""
    m = machine(name)
    assert m.run(f"load {L1_LA:#x}").verdict("linear", L1_LA).status == FRESH
    m.map("L1", L1_LA, OTHER).run(f"load {L1_LA:#x}")
    use = last_use(m, L1_LA)
    assert (use.verdict.status, use.verdict.component, use.verdict.owner) == (STALE, "guest", "L1")


@pytest.mark.parametrize("name", NAMES)
def test_after_invlpg_the_new_one_is_used(name: str) -> None:
    m = machine(name)
    m.map("L1", L1_LA, OTHER).run(f"invlpg {L1_LA:#x}", f"load {L1_LA:#x}")
    assert m.verdict("linear", L1_LA).status == FRESH and FORBIDDEN not in m.statuses()


def test_a_kvm_that_forgot_its_shadow_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """INVLPG that flushes the TLB, and leaves the SPTE from which it is filled again."""
    m = machine()
    m.map("L1", L1_LA, OTHER)
    monkeypatch.setattr(shadow, "unsync_spte", lambda kvm, root, gpa: None)
    m.run(f"invlpg {L1_LA:#x}", f"load {L1_LA:#x}", f"load {L1_LA:#x}")
    verdict = last_use(m, L1_LA).verdict
    assert verdict.status == FORBIDDEN and "INVLPG 0x400000, emulated" in verdict.text


def test_a_fill_from_a_stale_spte_is_as_old_as_the_spte() -> None:
    """The TLB has forgotten, the shadow has not: the guest may still see the old page, as it has invalidated nothing."""
    m = Machine(ept=False, config=Config(enable_ept=False, enable_vpid=False))
    m.map("L1", L1_LA, OTHER).run("cpuid", f"load {L1_LA:#x}", f"load {L1_LA:#x}")
    assert last_use(m, L1_LA).verdict.status == STALE


@pytest.mark.parametrize("name", ["v4.3", "v6.12"])
def test_an_l2_of_its_own(name: str) -> None:
    m = machine(name).enter(X)
    m.run(f"load {L2_LA:#x}")
    assert last_use(m, L2_LA).verdict.status == FRESH
    m.map("L2", L2_LA, OTHER, root=CR3_X).run(f"load {L2_LA:#x}")
    assert last_use(m, L2_LA).verdict.owner == "L2" and last_use(m, L2_LA).verdict.status == STALE
    m.run(f"mov cr3, {CR3_X:#x}", f"load {L2_LA:#x}", f"load {L2_LA:#x}")
    assert last_use(m, L2_LA).verdict.status == FRESH


def test_a_bug_of_v4_15_l2s_mov_cr3_flushes_vpid01() -> None:
    """I-10 A: L2 runs on vpid02, and every root load flushes vpid01."""
    m = machine("v4.15").enter(X)
    m.run(f"load {L2_LA:#x}").map("L2", L2_LA, OTHER, root=CR3_X)
    m.run(f"mov cr3, {CR3_X:#x}", f"load {L2_LA:#x}")
    assert last_use(m, L2_LA).verdict.status == FORBIDDEN


def test_the_host_takes_a_page_away() -> None:
    m = machine()
    m.run(f"store {L1_LA:#x}, 1", f"load {L1_LA:#x}")
    m.run("cpuid")
    assert last_use(m, L1_LA).verdict.status == FRESH and m.verdict("linear", L1_LA).filled_at > 0


@pytest.mark.parametrize(("name", "status"), [("v5.7", FORBIDDEN), ("v5.8", FRESH), ("v5.14", FRESH), ("v6.12", FRESH)])
def test_invvpid_and_a_cached_root(name: str, status: str) -> None:
    """I-9: L2 has used CR3 X and then Y; L1 edits X's tables and executes INVVPID; L2 goes back to X without a flush."""
    m = machine(name).enter(X)
    first, second = CR3_X | 1, CR3_Y | 2
    m.run(f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}", f"mov cr3, {first:#x}", f"load {L2_LA:#x}", f"mov cr3, {second:#x}",
          f"load {L2_LA:#x}", "vmcall")
    m.map("L2", L2_LA, OTHER, root=CR3_X)
    m.run("invvpid single-context 1", f"vmwrite GUEST_CR3, {second:#x}", "vmresume", f"mov cr3, {first | 1 << 63:#x}",
          f"load {L2_LA:#x}", f"load {L2_LA:#x}")
    assert last_use(m, L2_LA).verdict.status == status


@pytest.mark.parametrize(("name", "synced"), [("v4.3", False), ("v4.4", False), ("v5.7", False), ("ee1fa209f5e5^", False),
                                              ("ee1fa209f5e5", True), ("v5.8", True), ("v6.12", True)])
def test_a_page_fault_is_an_invalidation_and_the_spte_must_follow(name: str, synced: bool) -> None:
    """L1 edits an entry, a store of its own faults on it, and from then on the old page is gone (ee1fa209f5e5)."""
    m = machine(name).run(f"load {L1_LA:#x}")
    m.map("L1", L1_LA, OTHER, flags="rxu").run(f"store {L1_LA:#x}, 5", f"load {L1_LA:#x}", f"load {L1_LA:#x}")
    assert (FORBIDDEN not in m.statuses()) == synced
