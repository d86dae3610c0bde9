"""1a155254ff93: KVM_REQ_MSR_FILTER_CHANGED."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "1a155254ff93^", "1a155254ff93"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("MSR_FILTER_CHANGED") for name in (BEFORE, AFTER)] == [None, 37]
