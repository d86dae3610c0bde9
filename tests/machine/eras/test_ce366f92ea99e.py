"""e366f92ea99e: KVM_REQ_UPDATE_PROTECTED_GUEST_STATE."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "e366f92ea99e^", "e366f92ea99e"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("UPDATE_PROTECTED_GUEST_STATE") for name in (BEFORE, AFTER)] == [None, 42]
