"""32f55e475ce2: an entry exits at once only for a nested event that L0 must inject (I-27)."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).immediate_exit_for_any_nested_event() for name in ("32f55e475ce2^", "32f55e475ce2", "v6.12")] == [
        True, False, False]
