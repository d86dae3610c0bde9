"""7460fb4a3400: NMIs are counted."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_request_is_new() -> None:
    """A.1: not yet in v3.1."""
    before, after = kernel("v3.1"), kernel("7460fb4a3400")
    assert set(after.request_bits()) - set(before.request_bits()) == {"NMI"}
    assert (*before.service_order(), "NMI") == after.service_order()
