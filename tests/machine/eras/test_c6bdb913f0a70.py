"""6bdb913f0a70: a changed PTE is announced between the start and the end of an invalidation."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What it does to a page is in tests/machine/kvm/host."""
    assert [kernel(name).change_pte_follows_an_invalidation() for name in ("6bdb913f0a70^", "6bdb913f0a70")] == [False, True]
