"""64d6067057d9: SMM."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """v4.2."""
    assert [kernel(name).has_smm() for name in ("64d6067057d9^", "64d6067057d9", "v6.12")] == [False, True, True]
