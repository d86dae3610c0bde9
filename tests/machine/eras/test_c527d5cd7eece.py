"""527d5cd7eece: KVM_REQ_MMU_FREE_OBSOLETE_ROOTS."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "527d5cd7eece^", "527d5cd7eece"


def test_the_questions() -> None:
    assert [(kernel(name).request_bits().get("MMU_FREE_OBSOLETE_ROOTS"), kernel(name).zapped_roots_request())
            for name in (BEFORE, AFTER)] == [(None, "MMU_RELOAD"), (39, "MMU_FREE_OBSOLETE_ROOTS")]
