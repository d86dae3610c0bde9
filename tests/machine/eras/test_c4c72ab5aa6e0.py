"""4c72ab5aa6e0: INIT keeps CR0.CD and CR0.NW."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_reset.py."""
    assert [kernel(name).init_keeps_cd_and_nw() for name in ("4c72ab5aa6e0^", "4c72ab5aa6e0")] == [False, True]
