"""0aa1837533e5: INIT out of paging frees the roots."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_out_of_paging_resets_the_mmu(True) for name in ("0aa1837533e5^", "0aa1837533e5")] == [False, True]
