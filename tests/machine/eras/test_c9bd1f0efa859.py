"""9bd1f0efa859: a double or triple fault of L2 is not told to have come in a delivery."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).double_faults_hide_the_delivery() for name in ("9bd1f0efa859^", "9bd1f0efa859", "v6.12")]
    assert answers == [False, True, True]
