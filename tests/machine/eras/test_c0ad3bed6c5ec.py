"""0ad3bed6c5ec: each round begins with a look at nested events."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).running_checks_nested_events() for name in ("v4.3", "0ad3bed6c5ec^", "0ad3bed6c5ec", "v5.14")] == [
        False, False, True, True]
