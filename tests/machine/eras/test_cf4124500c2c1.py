"""f4124500c2c1: vmcs12's preemption timer is a timer of KVM."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).emulates_preemption_timer() for name in ("f4124500c2c1^", "f4124500c2c1", "v6.12")] == [False, True, True]
