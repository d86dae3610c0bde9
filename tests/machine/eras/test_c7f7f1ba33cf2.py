"""7f7f1ba33cf2: the pages of vmcs12 wait for a request."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.7."""
    assert [kernel(name).defers_pages_of_vmcs12() for name in ("7f7f1ba33cf2^", "7f7f1ba33cf2", "v6.12")] == [False, True, True]


def test_the_request_is_new() -> None:
    found = [32 in kernel(name).request_bits().values() for name in ("v4.15", "7f7f1ba33cf2^", "7f7f1ba33cf2")]
    assert found == [False, False, True]
