"""39353ab5790b: the fast EPTP switch."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6: seed 004."""
    answers = [kernel(name).eptp_switch() for name in ("39353ab5790b^", "39353ab5790b", "v6.12")]
    assert answers == ["KVM_REQ_MMU_RELOAD", "kvm_mmu_new_pgd", "kvm_mmu_new_pgd"]


def test_the_pdptes_are_left_alone() -> None:
    """I-8."""
    assert [kernel(name).eptp_switch_reloads_pdptrs() for name in ("39353ab5790b^", "39353ab5790b")] == [True, False]


def test_what_it_builds_on_is_there() -> None:
    """E.2, row E21: roots are switched without flush or sync."""
    assert kernel("39353ab5790b").eptp_switch_writes_ad_into_walk_mmu() is False
