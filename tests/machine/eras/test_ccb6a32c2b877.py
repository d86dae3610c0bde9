"""cb6a32c2b877: a triple fault of L2 that KVM finds is an exit to L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).triple_faults_of_l2_are_l1s() for name in ("cb6a32c2b877^", "cb6a32c2b877", "v6.12")]
    assert answers == [False, True, True]
