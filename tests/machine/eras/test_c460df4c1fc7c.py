"""460df4c1fc7c: KVM_RUN returns before it enters the guest, when told so."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).has_immediate_exit() for name in ("460df4c1fc7c^", "460df4c1fc7c", "v6.12")] == [False, True, True]
