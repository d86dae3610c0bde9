"""6b123c3a89a9: without TDP the root goes when the guest's PDPTEs have changed."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "6b123c3a89a9^", "6b123c3a89a9"


def test_the_question() -> None:
    assert [kernel(name).new_pdptes_free_the_root() for name in (BEFORE, AFTER)] == [False, True]
