"""e6c67d8cf117: a virtual interrupt wakes a halted L2."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).virtual_interrupts_wake() for name in ("e6c67d8cf117^", "e6c67d8cf117", "v6.12")] == [
        False, True, True]
