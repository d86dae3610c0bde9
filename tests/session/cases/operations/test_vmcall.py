"""vmcall."""

from __future__ import annotations

from casework import observe


def test_l2_calls_l1_and_l1_calls_l0() -> None:
    l2, l1 = observe("L2: vmcall", "L1: vmcall")
    assert l2.seen.reason == 18 and l1.seen.kind in ("nothing", "runs")
