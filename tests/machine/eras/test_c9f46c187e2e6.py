"""9f46c187e2e6: INVPCID of one address looks whether the MMU has a hook for it."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "9f46c187e2e6^", "9f46c187e2e6"


def test_the_question() -> None:
    assert [kernel(name).invpcid_calls_a_missing_hook() for name in (BEFORE, AFTER)] == [True, False]
