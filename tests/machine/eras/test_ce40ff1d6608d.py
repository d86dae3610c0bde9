"""e40ff1d6608d: L1's EOI exit bitmap is loaded when L1 runs again."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_request_is_new() -> None:
    """A.2."""
    before, after = kernel("e40ff1d6608d^"), kernel("e40ff1d6608d")
    assert set(after.request_bits()) - set(before.request_bits()) == {"LOAD_EOI_EXITMAP"}
    assert set(after.service_order()) - set(before.service_order()) == {"LOAD_EOI_EXITMAP"}
