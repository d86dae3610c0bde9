"""f38a7b75267f: a flush for a preempted vCPU is left to the host."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/test_steal_time.py."""
    assert [kernel(name).has_pv_tlb_flush() for name in ("f38a7b75267f^", "f38a7b75267f")] == [False, True]
