"""5efac0741ce2: an MMU without paging has no invlpg() hook any more; every INVLPG is counted."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "5efac0741ce2^", "5efac0741ce2"


def test_the_questions() -> None:
    assert [kernel(name).invpcid_calls_a_missing_hook() for name in (BEFORE, AFTER)] == [False, True]
    assert [kernel(name).counts_invlpg_of_no_address() for name in (BEFORE, AFTER)] == [False, True]
