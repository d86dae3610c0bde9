"""df37ed38e6c2: Every INIT flushes the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_always_flushes() for name in ("df37ed38e6c2^", "df37ed38e6c2")] == [False, True]
