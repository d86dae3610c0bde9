"""0b9f6c4615c9: the guest can see that a vCPU is preempted."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_steal_time.py."""
    assert [kernel(name).has_preempted_flag() for name in ("0b9f6c4615c9^", "0b9f6c4615c9")] == [False, True]
