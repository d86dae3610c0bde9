"""b5861e5cf2fc: a nested entry looks again at what waits for a window of L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).evaluates_events_at_nested_entry() for name in ("b5861e5cf2fc^", "b5861e5cf2fc", "v6.12")] == [
        False, True, True]
