"""1f4b34f825e8: Hyper-V timers and exits for SynIC."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_requests_are_new() -> None:
    before, after = kernel("v4.4"), kernel("1f4b34f825e8")
    assert set(after.request_bits()) - set(before.request_bits()) == {"HV_EXIT", "HV_STIMER"}
    assert [after.request_bits()[name] for name in ("HV_EXIT", "HV_STIMER")] == [30, 31]
    assert after.service_order()[:-2] == before.service_order()
