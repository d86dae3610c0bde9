"""vmptrst."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding


def test_it_gives_the_pointer_that_was_loaded() -> None:
    assert observe("L1: vmclear A; vmptrld A", "L1: vmptrst")[1].last.value == binding.VMCS_A
    assert observe("L1: vmclear A", "L1: vmptrst")[1].last.value == 2**64 - 1


@pytest.mark.parametrize("step", ["L1: vmptrst", "L1: vmptrst memory", "L1: vmptrst to memory"])
def test_in_memory(step: str) -> None:
    (observed,) = observe(step)
    assert observed.last.value == binding.VMCS_A


def test_elsewhere() -> None:
    with pytest.raises(Unsupported, match="^vmptrst A"):
        observe("L1: vmptrst A")
