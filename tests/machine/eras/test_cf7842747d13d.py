"""f7842747d13d: the notifier change_pte goes."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What it does to a page is in tests/machine/kvm/host."""
    assert [kernel(name).has_change_pte() for name in ("f7842747d13d^", "f7842747d13d")] == [True, False]
