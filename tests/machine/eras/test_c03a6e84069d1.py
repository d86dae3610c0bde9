"""03a6e84069d1: CR3 is 0 after INIT."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_clears_cr3() for name in ("03a6e84069d1^", "03a6e84069d1")] == [False, True]
