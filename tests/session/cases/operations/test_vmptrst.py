"""vmptrst."""

from __future__ import annotations

from casework import observe
from kvmdbg.session.cases import binding


def test_it_gives_the_pointer_that_was_loaded() -> None:
    assert observe("L1: vmclear A; vmptrld A", "L1: vmptrst")[1].last.value == binding.VMCS_A
    assert observe("L1: vmclear A", "L1: vmptrst")[1].last.value == 2**64 - 1
