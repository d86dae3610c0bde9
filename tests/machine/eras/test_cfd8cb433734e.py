"""fd8cb433734e: guests may use 5-level paging."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    assert [kernel(name).knows_la57() for name in ("fd8cb433734e^", "fd8cb433734e")] == [False, True]
