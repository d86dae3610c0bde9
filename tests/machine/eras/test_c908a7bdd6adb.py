"""908a7bdd6adb: I/O of L2 is L1's affair only where vmcs12 asks for it."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = kernel("908a7bdd6adb^"), kernel("908a7bdd6adb")


def test_the_question() -> None:
    assert [era.l1_wants_every_io_exit() for era in (BEFORE, AFTER)] == [True, False]
