"""71f51d2c3253: pages are counted by their size."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/questions/test_statistics.py."""
    assert [kernel(name).counts_pages_by_size() for name in ("71f51d2c3253^", "71f51d2c3253")] == [False, True]
