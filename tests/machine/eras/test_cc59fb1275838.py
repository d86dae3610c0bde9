"""c59fb1275838: KVM_REQ_UNHALT is gone."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "c59fb1275838^", "c59fb1275838"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("UNHALT") for name in (BEFORE, AFTER)] == [3, None]
