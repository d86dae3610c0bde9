"""5ef8acbdd687: L1's monitor trap comes after an emulated instruction too."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).emulates_mtf() for name in ("5ef8acbdd687^", "5ef8acbdd687", "v6.12")] == [False, True, True]
