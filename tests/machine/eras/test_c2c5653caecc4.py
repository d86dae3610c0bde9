"""2c5653caecc4: PDPTEs that KVM has read are loaded before the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "2c5653caecc4^", "2c5653caecc4"


def test_the_question() -> None:
    assert [kernel(name).asks_to_load_new_pdptes() for name in (BEFORE, AFTER)] == [False, True]
