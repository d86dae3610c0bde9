"""c3e5e415bc1e: syncing a shadow page flushes only what it dropped, on every vCPU."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "c3e5e415bc1e^", "c3e5e415bc1e"


def test_the_question() -> None:
    assert [kernel(name).syncs_ask_for_a_local_flush() for name in (BEFORE, AFTER)] == [True, False]
