"""A vCPU's events as state."""

from __future__ import annotations

from kvmdbg.machine.kvm.vcpu_events import NO_TIMER, NOT_INJECTED, new_vcpu_events
from kvmdbg.tape import Tape


def test_nothing_waits_at_first() -> None:
    tape = Tape()
    events = new_vcpu_events(tape, "vcpu0")
    assert (events.irr, events.nmi_pending, events.injected, events.timer, events.parked) == (0, 0, NOT_INJECTED, NO_TIMER, ())
    events.irr |= 1 << 0x20
    assert tape.entries[-1][1:] == ("irr", 0, 1 << 0x20)
