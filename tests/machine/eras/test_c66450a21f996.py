"""66450a21f996: INIT resets a vCPU at once."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_acts_at_once() for name in ("66450a21f996^", "66450a21f996")] == [False, True]
