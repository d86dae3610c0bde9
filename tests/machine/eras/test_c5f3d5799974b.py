"""5f3d5799974b: a cancelled entry of L2 keeps what it injects in vmcs02."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).recovers_injection_into_l2() for name in ("5f3d5799974b^", "5f3d5799974b", "v6.12")] == [False, True, True]
