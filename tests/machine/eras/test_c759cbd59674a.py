"""759cbd59674a: RSM into L2 must complete."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """D, row SMM; E.9."""
    assert [kernel(name).rsm_sets_run_pending() for name in ("759cbd59674a^", "759cbd59674a", "v6.12")] == [False, True, True]
