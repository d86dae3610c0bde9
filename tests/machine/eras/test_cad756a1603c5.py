"""ad756a1603c5: PCIDs for guests."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import ExceptionInjected

BEFORE, AFTER = "ad756a1603c5^", "ad756a1603c5"


def test_the_question() -> None:
    assert [kernel(name).has_pcid() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "faults"), [("v3.2", ["#GP"]), ("v4.3", [])])
def test_setting_pcide(name: str, faults: list[str]) -> None:
    m = Machine(name)
    m.run("mov cr3, 0x1000")
    assert [event.vector for event in of(m.run("mov cr4, 0x220a0"), ExceptionInjected)] == faults
