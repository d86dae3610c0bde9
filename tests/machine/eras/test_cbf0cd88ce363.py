"""bf0cd88ce363: an L2 can wait for a SIPI."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).offers_wait_for_sipi_to_l1() for name in ("bf0cd88ce363^", "bf0cd88ce363", "v6.12")]
    assert answers == [False, True, True]
