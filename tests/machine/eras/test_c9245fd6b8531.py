"""9245fd6b8531: addresses that are no accesses are canonical to the width that the processor offers."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    assert [kernel(name).allows_addresses_of_the_widest_paging() for name in ("9245fd6b8531^", "9245fd6b8531")] == [False, True]
