"""c9d40913ac5a: an event that finds another in its way makes the entry exit at once."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).second_event_is_urgent() for name in ("c9d40913ac5a^", "c9d40913ac5a", "v6.12")] == [False, True, True]
