"""b64d740ea7dd: enabling dirty logging always flushes."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_dirty_log.py."""
    assert [kernel(name).dirty_logging_always_flushes() for name in ("b64d740ea7dd^", "b64d740ea7dd")] == [False, True]
