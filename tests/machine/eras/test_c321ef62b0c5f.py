"""321ef62b0c5f: a requested virtual interrupt is a nested event."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).nested_events_include_virtual_interrupts() for name in ("321ef62b0c5f^", "321ef62b0c5f", "v6.12")] == [
        False, True, True]
