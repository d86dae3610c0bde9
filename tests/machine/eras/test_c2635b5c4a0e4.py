"""2635b5c4a0e4: KVM_REQ_APF_READY."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "2635b5c4a0e4^", "2635b5c4a0e4"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("APF_READY") for name in (BEFORE, AFTER)] == [None, 36]
