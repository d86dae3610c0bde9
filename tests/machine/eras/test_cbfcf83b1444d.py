"""bfcf83b1444d: an exception for L1 waits for L2's run."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).exceptions_wait_for_the_nested_run() for name in ("bfcf83b1444d^", "bfcf83b1444d", "v6.12")] == [
        False, True, True]
