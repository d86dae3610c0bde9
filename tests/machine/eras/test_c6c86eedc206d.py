"""6c86eedc206d: UD2 and "kvm" let KVM emulate what follows."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).has_forced_emulation() for name in ("6c86eedc206d^", "6c86eedc206d")] == [False, True]
