"""5499ea73e7db: a cached root is looked for when a guest comes from 32-bit to 64-bit mode."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "5499ea73e7db^", "5499ea73e7db"


def test_the_question() -> None:
    assert [kernel(name).looks_for_a_root_after_a_pae_one() for name in (BEFORE, AFTER)] == [False, True]
