"""cf87ac739e48: KVM_REQ_DIRTY_RING_SOFT_FULL."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "cf87ac739e48^", "cf87ac739e48"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("DIRTY_RING_SOFT_FULL") for name in (BEFORE, AFTER)] == [None, 3]
