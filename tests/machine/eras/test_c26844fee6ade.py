"""26844fee6ade: nested events are looked at with the others again."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).running_checks_nested_events() for name in ("26844fee6ade^", "26844fee6ade", "v6.12")] == [
        True, False, False]
