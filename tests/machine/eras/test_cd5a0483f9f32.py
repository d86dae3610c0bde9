"""d5a0483f9f32: the vCPU statistic guest_mode."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "d5a0483f9f32^", "d5a0483f9f32"


def test_the_question() -> None:
    assert [kernel(name).shows_guest_mode() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "shown"), [(BEFORE, None), (AFTER, 1)])
def test_it_shows_the_level_that_runs(name: str, shown: int | None) -> None:
    m = Machine(name).start()
    assert m.kvm.stats.get((0, "guest_mode")) == shown
