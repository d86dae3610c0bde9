"""7709aba8f716: an exception that L1 intercepts is an exit when it is queued."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).morphs_exceptions_when_queued() for name in ("7709aba8f716^", "7709aba8f716", "v6.12")]
    assert answers == [False, True, True]
