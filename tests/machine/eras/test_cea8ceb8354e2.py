"""ea8ceb8354e2: L1's NMI makes L2 exit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).nmis_make_l2_exit() for name in ("ea8ceb8354e2^", "ea8ceb8354e2", "v6.12")] == [False, True, True]
