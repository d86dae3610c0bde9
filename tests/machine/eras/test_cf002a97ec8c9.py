"""f002a97ec8c9: the emulator asks about PAUSE exiting."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).emulator_knows_pause_exiting() for name in ("f002a97ec8c9^", "f002a97ec8c9")] == [False, True]
