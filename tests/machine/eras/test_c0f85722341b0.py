"""0f85722341b0: PDPTEs after a restore."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.7."""
    assert [kernel(name).defers_pdptrs_of_l2() for name in ("0f85722341b0^", "0f85722341b0", "v6.12")] == [False, True, True]
