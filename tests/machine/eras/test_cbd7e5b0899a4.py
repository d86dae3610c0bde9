"""bd7e5b0899a4: the FPU is no longer switched lazily."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_request_before_apf_halt() -> None:
    """A.1, B.2."""
    before, after = kernel("bd7e5b0899a4^"), kernel("bd7e5b0899a4")
    assert (before.request_bits()["DEACTIVATE_FPU"], "DEACTIVATE_FPU" in after.request_bits()) == (10, False)
    order = before.service_order()
    assert order[order.index("APF_HALT") - 1] == "DEACTIVATE_FPU"
    assert "DEACTIVATE_FPU" not in after.service_order()


def test_cr0_ts_is_the_guests_own() -> None:
    assert [kernel(name).cr0_guest_owned_bits(True) for name in ("bd7e5b0899a4^", "bd7e5b0899a4")] == [0, 8]
