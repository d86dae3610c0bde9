"""43c11d91fb1e: the vCPU statistic nested_run."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "43c11d91fb1e^", "43c11d91fb1e"


def test_the_question() -> None:
    assert [kernel(name).counts_nested_run() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "runs"), [(BEFORE, 0), (AFTER, 1)])
def test_it_counts_entries_that_ran(name: str, runs: int) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    assert m.stat("nested_run") == runs
