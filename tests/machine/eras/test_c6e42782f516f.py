"""6e42782f516f: KVM_REQ_LOAD_CR3, called KVM_REQ_LOAD_MMU_PGD since v5.7 and in this model always."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "6e42782f516f^", "6e42782f516f"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("LOAD_MMU_PGD") for name in (BEFORE, AFTER)] == [None, 13]
