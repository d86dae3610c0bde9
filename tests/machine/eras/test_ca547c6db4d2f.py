"""a547c6db4d2f: the exit acknowledges the host's interrupt."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).acknowledges_interrupts_on_exit() for name in ("a547c6db4d2f^", "a547c6db4d2f", "v6.12")] == [
        False, True, True]
