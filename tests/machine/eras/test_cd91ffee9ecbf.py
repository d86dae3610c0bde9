"""d91ffee9ecbf: enabling dirty logging flushes where an SPTE was writable."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_dirty_log.py."""
    assert [kernel(name).dirty_logging_always_flushes() for name in ("d91ffee9ecbf^", "d91ffee9ecbf")] == [True, False]
