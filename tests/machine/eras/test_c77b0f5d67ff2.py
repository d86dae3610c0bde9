"""77b0f5d67ff2: L1 can have an interrupt acknowledged by L2's exit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).acknowledges_interrupts_for_l1() for name in ("77b0f5d67ff2^", "77b0f5d67ff2", "v6.12")] == [
        False, True, True]
