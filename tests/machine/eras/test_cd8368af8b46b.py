"""d8368af8b46b: the root is loaded after events are injected."""

from __future__ import annotations

import pytest

from kvm_support import Machine, names
from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    assert [kernel(name).loads_the_root_before_injecting() for name in ("v3.2", "v4.3")] == [True, False]


@pytest.mark.parametrize(("name", "order"), [("d8368af8b46b^", ["RootAllocated", "RequestServiced"]),
                                            ("d8368af8b46b", ["RequestServiced", "RootAllocated"])])
def test_the_root_and_the_event(name: str, order: list[str]) -> None:
    """B.1 steps 2 and 3 against B.2: an exception waits while there is no root."""
    m = Machine(name)
    m.step()                                              # vcpu_load asks for TLB_FLUSH
    m.vcpu.requests = 1 << m.kvm.era.request_bits()["EVENT"]
    _, events = m.step()
    assert [event for event in names(events) if event in order] == order
