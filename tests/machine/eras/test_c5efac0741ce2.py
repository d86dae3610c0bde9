"""5efac0741ce2: an MMU without paging has no invlpg() hook any more."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "5efac0741ce2^", "5efac0741ce2"


def test_the_question() -> None:
    assert [kernel(name).invpcid_calls_a_missing_hook() for name in (BEFORE, AFTER)] == [False, True]
