"""a85863c2ec47: KVM_REQ_UPDATE_CPU_DIRTY_LOGGING."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "a85863c2ec47^", "a85863c2ec47"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("UPDATE_CPU_DIRTY_LOGGING") for name in (BEFORE, AFTER)] == [None, 38]
