"""1075d41efd59: the vCPU statistic pf_taken and its siblings."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "1075d41efd59^", "1075d41efd59"


def test_the_question() -> None:
    assert [kernel(name).counts_pf_taken() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "taken"), [(BEFORE, 0), (AFTER, 3)])
def test_what_it_counts(name: str, taken: int) -> None:
    m = Machine(name)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"load {L1_PAGE:#x}")
    assert bool(m.stat("pf_taken")) == bool(taken)
    assert m.stat("pf_fixed")
