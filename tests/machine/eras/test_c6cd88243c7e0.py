"""6cd88243c7e0: preempted means: between two instructions of the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_steal_time.py."""
    assert [kernel(name).preempted_at_instruction_boundaries_only() for name in ("6cd88243c7e0^", "6cd88243c7e0")] == [False, True]
