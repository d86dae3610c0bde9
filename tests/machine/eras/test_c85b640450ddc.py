"""85b640450ddc: a kick on the vCPU's own processor."""

from __future__ import annotations

import pytest

from kvm_support import Machine, names
from kvmdbg.machine.kvm.kvm_host import kvm_vcpu_kick


@pytest.mark.parametrize(("name", "events"), [("v3.1", []), ("85b640450ddc^", []), ("85b640450ddc", ["ModeChanged"]),
                                              ("v6.12", ["ModeChanged"])])
def test_a_kick_right_before_the_entry(name: str, events: list[str]) -> None:
    """No IPI on any kernel; with the commit the entry is cancelled."""
    m = Machine(name)
    m.step_to("vmenter")
    start = m.kvm.tape.cursor
    kvm_vcpu_kick(m.kvm, m.vcpu, here=0)
    assert names(m.since(start)) == events
    _, found = m.step()
    assert ("EntryCancelled" in names(found)) == bool(events)
