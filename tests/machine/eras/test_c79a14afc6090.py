"""79a14afc6090: what the emulator finds intercepted is an exit to L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).emulator_makes_exits_of_l2() for name in ("79a14afc6090^", "79a14afc6090")] == [False, True]
