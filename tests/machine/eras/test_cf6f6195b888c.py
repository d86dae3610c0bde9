"""f6f6195b888c: unsync children of a page that is found again are synced."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "f6f6195b888c^", "f6f6195b888c"


def test_the_question() -> None:
    assert [kernel(name).unsync_children_request() for name in (BEFORE, AFTER)] == ["TLB_FLUSH_CURRENT", "MMU_SYNC"]
