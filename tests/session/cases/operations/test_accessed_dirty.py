"""A and D of leaf entries."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.paging import A, D

PROBE = {"setup": "pages 0x1000 and 0x2000 identity-mapped and present; A/D bits of their PTEs serve as the probe"}


def test_they_are_read_and_cleared() -> None:
    _, read, _, again = observe("L1: store 0x1000; load 0x2000", "L1: read A/D of both PTEs",
                                "L1: clear A/D in both PTEs, no flush", "L1: read A/D of the PTEs", given=PROBE)
    assert read.last.value == {0x1000: A | D, 0x2000: A}
    assert again.last.value == {0x1000: 0, 0x2000: 0}


def test_one_page_can_be_named() -> None:
    _, _, read = observe("L2: store gva=V", "L2: clear A/D in PTE of V", "L2: read A/D of the PTE of V")
    assert list((read.last.value or {}).values()) == [0]


@pytest.mark.parametrize("step", ["L1: read A/D of both PTEs", "L1: clear something else", "L1: read A/D"])
def test_other_words_are_unsupported(step: str) -> None:
    with pytest.raises(Unsupported):
        observe(step)
