"""2c5653caecc4: PDPTEs that have changed are loaded, and a shadow root made from the old ones is freed."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "2c5653caecc4^", "2c5653caecc4"


def test_the_question() -> None:
    assert [kernel(name).changed_pdptes_free_the_root() for name in (BEFORE, AFTER)] == [False, True]
