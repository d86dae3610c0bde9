"""b6b8a1451fc4: events of L1 are looked at before any is injected."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).checks_nested_events() for name in ("b6b8a1451fc4^", "b6b8a1451fc4", "v6.12")] == [False, True, True]
