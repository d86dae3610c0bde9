"""71ba3f3189c7: the TDP MMU by default."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_memslots.py."""
    assert [kernel(name).has_tdp_mmu() for name in ("71ba3f3189c7^", "71ba3f3189c7")] == [False, True]
