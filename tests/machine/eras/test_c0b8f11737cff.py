"""0b8f11737cff: KVM_REQ_VM_BUGGED, called KVM_REQ_VM_DEAD since v5.17."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "0b8f11737cff^", "0b8f11737cff"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("VM_BUGGED") for name in (BEFORE, AFTER)] == [None, 4]
