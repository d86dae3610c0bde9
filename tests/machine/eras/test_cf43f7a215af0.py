"""f43f7a215af0: HLT of L2 is emulated."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).emulates_hlt_of_l2() for name in ("f43f7a215af0^", "f43f7a215af0")] == [False, True]
