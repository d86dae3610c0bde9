"""c43203cab1e2: KVM_REQ_EVENT is made again with the immediate exit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).remakes_event_with_an_immediate_exit() for name in ("c43203cab1e2^", "c43203cab1e2", "v6.12")] == [
        False, True, True]
