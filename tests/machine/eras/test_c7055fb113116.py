"""7055fb113116: a triple fault of L2 comes before all other nested events."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).triple_faults_are_nested_events() for name in ("7055fb113116^", "7055fb113116", "v6.12")]
    assert answers == [False, True, True]
