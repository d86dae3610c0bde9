"""What every host event declares."""

from __future__ import annotations

import pytest

from kvmdbg.machine.kvm.host_event import HostEvent
from kvmdbg.machine.kvm.host_events import HOST_EVENTS


@pytest.mark.parametrize("event", tuple(HOST_EVENTS), ids=lambda event: event.name)
def test_a_host_event_says_what_it_is(event: HostEvent) -> None:
    assert event.summary.endswith(".")
    assert event.source
    assert event.form.startswith(f"host {event.name}") and ("[vcpuN]" in event.form) != event.of_vm
