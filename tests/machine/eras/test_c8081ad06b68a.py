"""8081ad06b68a: a cancelled entry with an immediate exit asks for events again."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).remakes_event_when_cancelled() for name in ("8081ad06b68a^", "8081ad06b68a", "v6.12")] == [
        False, True, True]
