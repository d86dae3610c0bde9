"""272b0a998d08: the A/D bit of an EPTP switch."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6: gone in June 2021."""
    answers = [kernel(name).eptp_switch_writes_ad_into_walk_mmu() for name in ("272b0a998d08^", "272b0a998d08", "v6.12")]
    assert answers == [True, False, False]
