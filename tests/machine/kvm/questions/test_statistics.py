"""Mainline's answers about statistics."""

from __future__ import annotations

from kvmdbg.machine.kvm.era import Era

MAINLINE = Era()


def test_requests_for_remote_flushes_and_nested_runs_are_counted() -> None:
    """H."""
    assert MAINLINE.counts_remote_flush_requests()
    assert MAINLINE.counts_nested_run()
