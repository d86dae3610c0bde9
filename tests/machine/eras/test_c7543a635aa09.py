"""7543a635aa09: exits for the EOI of a split IOAPIC."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_requests_are_new() -> None:
    """A.1: 26 to 29 were v4.4's."""
    before, after = kernel("v4.3"), kernel("7543a635aa09")
    assert set(after.request_bits()) - set(before.request_bits()) == {"IOAPIC_EOI_EXIT", "HV_RESET"}
    assert [after.request_bits()[name] for name in ("SMI", "HV_CRASH", "IOAPIC_EOI_EXIT", "HV_RESET")] == [26, 27, 28, 29]
    order = after.service_order()
    assert order[order.index("SCAN_IOAPIC") - 1] == "IOAPIC_EOI_EXIT"
    assert order[-1] == "HV_RESET"
