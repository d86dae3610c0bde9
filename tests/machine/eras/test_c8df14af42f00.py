"""8df14af42f00: KVM_REQ_APICV_UPDATE."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "8df14af42f00^", "8df14af42f00"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("APICV_UPDATE") for name in (BEFORE, AFTER)] == [None, 33]
