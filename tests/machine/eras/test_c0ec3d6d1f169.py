"""0ec3d6d1f169: the exit of the timer at 0 is done with in the fast path."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).timer_exit_is_a_fastpath() for name in ("0ec3d6d1f169^", "0ec3d6d1f169", "v6.12")] == [False, True, True]
