"""72e9cbdb4338: an SMI in L2."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """D, row SMM."""
    assert [kernel(name).smi_leaves_guest_mode() for name in ("72e9cbdb4338^", "72e9cbdb4338", "v6.12")] == [False, True, True]
