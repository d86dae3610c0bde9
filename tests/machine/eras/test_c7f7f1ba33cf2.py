"""7f7f1ba33cf2: the pages of vmcs12 wait for a request."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.7."""
    assert [kernel(name).defers_pages_of_vmcs12() for name in ("7f7f1ba33cf2^", "7f7f1ba33cf2", "v6.12")] == [False, True, True]
