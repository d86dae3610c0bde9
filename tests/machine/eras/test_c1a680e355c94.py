"""1a680e355c94: nested events are looked at also behind an event that is injected again."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).reinjection_ends_the_round() for name in ("1a680e355c94^", "1a680e355c94", "v6.12")] == [
        True, False, False]
