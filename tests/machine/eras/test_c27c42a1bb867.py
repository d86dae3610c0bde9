"""27c42a1bb867: VM functions for L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6."""
    answers = [kernel(name).offers_vmfunc_to_l1() for name in ("27c42a1bb867^", "27c42a1bb867", "v6.12")]
    assert answers == [False, True, True]
