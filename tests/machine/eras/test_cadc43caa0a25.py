"""adc43caa0a25: Hyper-V's flushes have a request of their own again."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "adc43caa0a25^", "adc43caa0a25"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("HV_TLB_FLUSH") for name in (BEFORE, AFTER)] == [None, 40]
    assert ["HV_TLB_FLUSH" in kernel(name).service_order() for name in (BEFORE, AFTER)] == [False, True]
