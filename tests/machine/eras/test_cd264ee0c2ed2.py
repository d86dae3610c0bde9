"""d264ee0c2ed2: the preemption timer at 0 ends the entry at once."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert not kernel("d264ee0c2ed2^").immediate_exit_by_timer(True)
    assert kernel("d264ee0c2ed2").immediate_exit_by_timer(True)
    assert not kernel("d264ee0c2ed2").immediate_exit_by_timer(False)
