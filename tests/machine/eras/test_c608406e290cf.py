"""608406e290cf: L1 may use virtual-interrupt delivery."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).offers_virtual_interrupts_to_l1() for name in ("608406e290cf^", "608406e290cf", "v6.12")] == [
        False, True, True]
